import { RestClient } from "@roomlog/client";
import { AuthApi } from "./auth";
import { ChatApi } from "./chat";

const BASE = "/api/v1";

export interface Api {
  auth: AuthApi;
  chat: ChatApi;
}

/** Wire the REST calls together: whatever meets a 401 renews the session once and tries again. */
export function createApi(): Api {
  const auth = new AuthApi(new RestClient({ base: BASE }));
  const renew = async () => (await auth.renew()) === "renewed";
  return { auth, chat: new ChatApi(new RestClient({ base: BASE, renew })) };
}
