{{/* One list of what differs between services: port, servers, files of the keys' secret, what faces people. */}}
{{- define "roomlog.kinds" -}}
ingest: { port: 8101, servers: [KAFKA, POSTGRES, VALKEY], keys: [jwks.json], public: true, lag: "" }
streams: { port: 8201, servers: [KAFKA, VALKEY], keys: [], public: false, lag: streams_lag_events }
projector: { port: 8301, servers: [KAFKA, POSTGRES], keys: [], public: false, lag: projector_lag_events }
indexer: { port: 8401, servers: [KAFKA, POSTGRES], keys: [], public: false, lag: indexer_lag_events }
webhooks: { port: 8501, servers: [KAFKA, POSTGRES], keys: [], public: false, lag: webhooks_lag_events }
notifier: { port: 8601, servers: [POSTGRES, VALKEY], keys: [vapid.pem], public: false, lag: "" }
api: { port: 8080, servers: [KAFKA, POSTGRES, VALKEY], keys: [jwks.json, jwt.pem], public: true, lag: "" }
{{- end -}}

{{- define "roomlog.name" -}}
{{ printf "%s-%s" .root.Release.Name .service | trunc 52 | trimSuffix "-" }}
{{- end -}}

{{- define "roomlog.selector" -}}
app.kubernetes.io/name: roomlog
app.kubernetes.io/instance: {{ .root.Release.Name }}
app.kubernetes.io/component: {{ .service }}
{{- end -}}

{{- define "roomlog.labels" -}}
{{ include "roomlog.selector" . }}
app.kubernetes.io/version: {{ .root.Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .root.Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .root.Chart.Name .root.Chart.Version }}
{{- end -}}

{{- define "roomlog.image" -}}
{{ .Values.image.repository }}@{{ .Values.image.digest }}
{{- end -}}

{{/* The variables of a service. A name is given once: the service's own value wins over `environment`. */}}
{{- define "roomlog.environment" -}}
{{- $v := .root.Values -}}
{{- $told := dict
  "ROOMLOG_REGISTRY" $v.servers.registry
  "ROOMLOG_DATA" "/var/lib/roomlog"
  "ROOMLOG_HOST" "0.0.0.0"
  "ROOMLOG_PORT" (toString (int .kind.port))
  "ROOMLOG_METRICS_PORT" (toString (int .kind.port))
  "PYTHONUNBUFFERED" "1" -}}
{{- if .kind.public -}}
{{- $_ := set $told "ROOMLOG_ORIGINS" (printf "https://%s" $v.domain) -}}
{{- $_ := set $told "ROOMLOG_JWKS" "/run/keys/jwks.json" -}}
{{- if $v.ingress.trustedProxies -}}
{{- $_ := set $told "ROOMLOG_TRUSTED_PROXIES" $v.ingress.trustedProxies -}}
{{- end -}}
{{- end -}}
{{- if eq .service "api" -}}
{{- $_ := set $told "ROOMLOG_JWT_PRIVATE_KEY" "/run/keys/jwt.pem" -}}
{{- $_ := set $told "ROOMLOG_INGEST_URL" (printf "wss://%s/ws" $v.domain) -}}
{{- $_ := set $told "ROOMLOG_FILES" $v.files -}}
{{- $_ := set $told "ROOMLOG_SECURE_COOKIES" "true" -}}
{{- end -}}
{{- if eq .service "notifier" -}}
{{- $_ := set $told "ROOMLOG_VAPID_PRIVATE_KEY" "/run/keys/vapid.pem" -}}
{{- $_ := set $told "ROOMLOG_WEB_URL" (printf "https://%s" $v.domain) -}}
{{- end -}}
{{- $told = mergeOverwrite $told $v.environment (index $v.services .service).environment -}}
{{- range $name := keys $told | sortAlpha }}
- name: {{ $name }}
  value: {{ index $told $name | quote }}
{{- end }}
{{- if eq .service "ingest" }}
# Unique among those running, and the same after a restart.
- name: ROOMLOG_NODE
  valueFrom: { fieldRef: { fieldPath: metadata.name } }
{{- end }}
{{ include "roomlog.addresses" . }}
{{- end -}}

{{- define "roomlog.addresses" -}}
{{- $v := .root.Values -}}
{{- range .kind.servers }}
{{- if and (eq . "KAFKA") $v.strimzi.enabled }}
- name: KAFKA_PASSWORD
  valueFrom: { secretKeyRef: { name: {{ include "roomlog.name" $ }}, key: password } }
- name: ROOMLOG_KAFKA
  value: "kafkas://{{ include "roomlog.name" $ }}:$(KAFKA_PASSWORD)@{{ $v.strimzi.bootstrap }}?ca=/run/kafka/ca.crt"
{{- else }}
- name: ROOMLOG_{{ . }}
  valueFrom: { secretKeyRef: { name: {{ $v.servers.secretPrefix }}-{{ $.service }}, key: ROOMLOG_{{ . }} } }
{{- end }}
{{- end }}
{{- end -}}

{{/* The pod of a service: not root, nothing writable but its own directories, nothing of Kubernetes' API. */}}
{{- define "roomlog.pod" -}}
{{- $v := .root.Values -}}
{{- $own := index $v.services .service -}}
metadata:
  labels: {{- include "roomlog.labels" . | nindent 4 }}
spec:
  serviceAccountName: {{ include "roomlog.name" . }}
  automountServiceAccountToken: false
  enableServiceLinks: false
  {{- with $v.image.pullSecrets }}
  imagePullSecrets: {{- toYaml . | nindent 4 }}
  {{- end }}
  # A node that is told to stop says `reconnect` and ends within 10 s; before that come the 5 s of preStop.
  terminationGracePeriodSeconds: 30
  securityContext:
    runAsNonRoot: true
    runAsUser: 10001
    runAsGroup: 10001
    fsGroup: 10001
    seccompProfile: { type: RuntimeDefault }
  # A zone or a machine that is away takes no more than its share.
  topologySpreadConstraints:
    - maxSkew: 1
      topologyKey: topology.kubernetes.io/zone
      whenUnsatisfiable: ScheduleAnyway
      labelSelector:
        matchLabels: {{- include "roomlog.selector" . | nindent 10 }}
    - maxSkew: 1
      topologyKey: kubernetes.io/hostname
      whenUnsatisfiable: {{ ternary "DoNotSchedule" "ScheduleAnyway" .kind.public }}
      labelSelector:
        matchLabels: {{- include "roomlog.selector" . | nindent 10 }}
  containers:
    - name: {{ .service }}
      image: {{ include "roomlog.image" .root }}
      imagePullPolicy: {{ $v.image.pullPolicy }}
      args: [{{ .service }}]
      ports:
        - { name: http, containerPort: {{ .kind.port }}, protocol: TCP }
      env: {{- include "roomlog.environment" . | trim | nindent 8 }}
      resources: {{- toYaml $own.resources | nindent 8 }}
      securityContext:
        allowPrivilegeEscalation: false
        readOnlyRootFilesystem: true
        capabilities: { drop: [ALL] }
      # It waits for its servers by itself, for a minute; and it must not be killed meanwhile.
      startupProbe:
        httpGet: { path: /healthz, port: http }
        periodSeconds: 2
        failureThreshold: 45
      livenessProbe:
        httpGet: { path: /healthz, port: http }
        periodSeconds: 10
        timeoutSeconds: 5
        failureThreshold: 6
      # Nobody connects to workers; but a deploy goes on only once a new one has all that it needs.
      readinessProbe:
        httpGet: { path: /readyz, port: http }
        periodSeconds: 5
        timeoutSeconds: 5
        failureThreshold: 3
      {{- if .kind.public }}
      # SIGTERM makes it refuse new connections at once. What leads people here hears of that a moment later: wait for it.
      lifecycle:
        preStop:
          sleep: { seconds: 5 }
      {{- end }}
      volumeMounts:
        - { name: data, mountPath: /var/lib/roomlog }
        - { name: tmp, mountPath: /tmp }
        - { name: keys, mountPath: /run/keys, readOnly: true }
        {{- if and $v.strimzi.enabled (has "KAFKA" .kind.servers) }}
        - { name: kafka, mountPath: /run/kafka, readOnly: true }
        {{- end }}
  volumes:
    - { name: data, emptyDir: { sizeLimit: 1Gi } }
    - { name: tmp, emptyDir: { sizeLimit: 1Gi } }
    - name: keys
      projected:
        defaultMode: 0440
        sources:
          - secret:
              name: {{ $v.keysSecret }}
              optional: true
              items: [{ key: ca.pem, path: ca.pem }]
          {{- range .kind.keys }}
          - secret:
              name: {{ $v.keysSecret }}
              items: [{ key: {{ . }}, path: {{ . }} }]
          {{- end }}
    {{- if and $v.strimzi.enabled (has "KAFKA" .kind.servers) }}
    - name: kafka
      secret:
        secretName: {{ $v.strimzi.cluster }}-cluster-ca-cert
        defaultMode: 0440
        items: [{ key: ca.crt, path: ca.crt }]
    {{- end }}
{{- end -}}
