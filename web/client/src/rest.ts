/** A small HTTP client for `/api/v1`: JSON, problem details as errors, one renewal of the session on 401. */

/** An answer that is not a success, or (status 0) no answer at all. `message` says what to do about it. */
export class ApiError extends Error {
  constructor(
    readonly status: number,
    readonly code: string,
    message: string,
    readonly retryable = false,
  ) {
    super(message);
  }
}

export interface RestOptions {
  /** For instance `/api/v1`, or a whole address where the page is served elsewhere. */
  base: string;
  fetch?: typeof fetch;
  /** A bearer token for runtimes without cookies. */
  token?(): string | null;
  /** Renew the session after a 401; resolves true if the request should be tried once more. */
  renew?(): Promise<boolean>;
}

export interface RequestOptions {
  query?: Record<string, string | number | boolean | null | undefined>;
  /** Sent as JSON, except for a form, which is sent as it is. */
  body?: unknown;
  /** Another way to send this request, for instance one that tells how far it is. */
  fetch?: typeof fetch;
  /** False for the routes of signing in and renewing themselves, where 401 is the answer. */
  renew?: boolean;
  signal?: AbortSignal;
  /** The idempotency key of a write: repeating it takes effect once. */
  key?: string;
  /** The workspace that the request is about: its id, or `default`. */
  workspace?: string;
}

interface Problem {
  title?: string;
  detail?: unknown;
  code?: string;
  retryable?: boolean;
}

export class RestClient {
  constructor(private readonly options: RestOptions) {}

  get<T>(path: string, options: RequestOptions = {}): Promise<T> {
    return this.request<T>("GET", path, options);
  }

  post<T>(path: string, body?: unknown, options: RequestOptions = {}): Promise<T> {
    return this.request<T>("POST", path, { ...options, body });
  }

  /** Send a request and read its JSON; raises ApiError for everything that is not 2xx. */
  async request<T>(method: string, path: string, options: RequestOptions): Promise<T> {
    let response = await this.attempt(method, path, options);
    if (response.status === 401 && options.renew !== false && (await this.options.renew?.())) {
      response = await this.attempt(method, path, options);
    }
    if (!response.ok) throw await readProblem(response);
    if (response.status === 204) return undefined as T;
    return (await response.json()) as T;
  }

  private async attempt(method: string, path: string, options: RequestOptions): Promise<Response> {
    const send = options.fetch ?? this.options.fetch ?? fetch;
    try {
      return await send(this.options.base + path + queryString(options.query), {
        method,
        headers: this.headers(method, options),
        body: bodyOf(options.body),
        credentials: "same-origin",
        signal: options.signal,
      });
    } catch (error) {
      if (options.signal?.aborted) throw error;
      throw new ApiError(
        0,
        "offline",
        "The server cannot be reached. Check your connection and try again.",
        true,
      );
    }
  }

  private headers(method: string, options: RequestOptions): Record<string, string> {
    const headers: Record<string, string> = { Accept: "application/json" };
    if (options.body !== undefined && !isForm(options.body)) headers["Content-Type"] = "application/json";
    if (options.key !== undefined) headers["Idempotency-Key"] = options.key;
    if (options.workspace !== undefined) headers["Roomlog-Workspace"] = options.workspace;
    // A foreign page cannot send this header, which is how the API tells its own page's writes from forged ones.
    if (method !== "GET") headers["Roomlog-CSRF"] = "1";
    const token = this.options.token?.();
    if (token) headers["Authorization"] = `Bearer ${token}`;
    return headers;
  }
}

/** A form tells its own type, with the boundary between its parts. */
function isForm(body: unknown): body is FormData {
  return typeof FormData !== "undefined" && body instanceof FormData;
}

function bodyOf(body: unknown): string | FormData | undefined {
  if (body === undefined) return undefined;
  return isForm(body) ? body : JSON.stringify(body);
}

function queryString(query: RequestOptions["query"]): string {
  const params = new URLSearchParams();
  for (const [name, value] of Object.entries(query ?? {})) {
    if (value !== null && value !== undefined && value !== "") params.set(name, String(value));
  }
  const text = params.toString();
  return text === "" ? "" : `?${text}`;
}

async function readProblem(response: Response): Promise<ApiError> {
  let problem: Problem = {};
  try {
    problem = (await response.json()) as Problem;
  } catch {
    // A proxy in between answers with a page of its own; the status says enough.
  }
  const detail = typeof problem.detail === "string" ? problem.detail : undefined;
  const message = detail ?? problem.title ?? fallback(response.status);
  const retryable = problem.retryable ?? response.status >= 500;
  return new ApiError(response.status, problem.code ?? `http_${response.status}`, message, retryable);
}

function fallback(status: number): string {
  if (status === 429) return "Too many requests. Wait a moment, then try again.";
  if (status >= 500) return "The server has a problem right now. Try again in a moment.";
  return `The server refused the request (${status}).`;
}
