export { RoomlogClient } from "./client";
export type { ClientEvent, ClientOptions, ConnectionState } from "./client";
export type { OpenSocket, SocketLike } from "./link";
export { newKey } from "./ids";
export { CommandFailed } from "./outbox";
export type { NodeAddress } from "./policy";
export type * from "./protocol";
export { ApiError, RestClient } from "./rest";
export type { RequestOptions, RestOptions } from "./rest";
