import { RestClient } from "@roomlog/client";
import { AuthApi } from "./auth";
import { ChatApi } from "./chat";
import { ModerationApi } from "./moderation";
import { PeopleApi } from "./people";
import { ScheduledApi } from "./scheduled";
import { IntegrationApi } from "./integrations";
import { FilesApi } from "./files";
import { PreviewsApi } from "./previews";
import { NotificationApi } from "./notifications";
import { PushApi } from "./push";
import { WorkspaceApi } from "./workspaces";

const BASE = "/api/v1";

export interface Api {
  auth: AuthApi;
  chat: ChatApi;
  moderation: ModerationApi;
  people: PeopleApi;
  scheduled: ScheduledApi;
  integrations: IntegrationApi;
  files: FilesApi;
  previews: PreviewsApi;
  notifications: NotificationApi;
  push: PushApi;
  workspaces: WorkspaceApi;
}

/** Wire the REST calls together: whatever meets a 401 renews the session once and tries again. */
export function createApi(): Api {
  const auth = new AuthApi(new RestClient({ base: BASE }));
  const renew = async () => (await auth.renew()) === "renewed";
  const rest = new RestClient({ base: BASE, renew });
  return {
    auth,
    chat: new ChatApi(rest),
    moderation: new ModerationApi(rest),
    people: new PeopleApi(rest),
    scheduled: new ScheduledApi(rest),
    integrations: new IntegrationApi(rest),
    files: new FilesApi(rest),
    previews: new PreviewsApi(rest),
    notifications: new NotificationApi(rest),
    push: new PushApi(rest),
    workspaces: new WorkspaceApi(rest),
  };
}
