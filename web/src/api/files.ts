/** Files over REST: upload with progress, what a room has, and the addresses under which they are shown. */

import type { Attachment, RestClient } from "@roomlog/client";
import type { Users } from "./chat";

export interface RoomFile extends Attachment {
  message: string;
  cursor: string;
  sender: string;
  ts: string;
}

export interface RoomFilePage {
  items: RoomFile[];
  users: Users;
  next: string | null;
}

export class FilesApi {
  constructor(private readonly rest: RestClient) {}

  /** Store a file, under one key once; `onProgress` gets the part that is sent, from 0 to 1. Raises ApiError. */
  upload(
    file: File,
    key: string,
    onProgress: (part: number) => void,
    signal: AbortSignal,
  ): Promise<Attachment> {
    const form = new FormData();
    form.set("file", file, file.name);
    return this.rest.request("POST", "/files", { body: form, key, signal, fetch: withProgress(onProgress) });
  }

  /** Remove a file that no message has. */
  remove(file: string): Promise<void> {
    return this.rest.request("DELETE", `/files/${encodeURIComponent(file)}`, {});
  }

  ofRoom(room: string, before: string | null): Promise<RoomFilePage> {
    return this.rest.get(`/rooms/${encodeURIComponent(room)}/files`, { query: { before } });
  }
}

export function fileHref(file: string): string {
  return `/api/v1/files/${encodeURIComponent(file)}`;
}

export function thumbnailHref(file: string): string {
  return `${fileHref(file)}/thumbnail`;
}

/** A `fetch` that tells how much of the body is sent, which the real one cannot. */
function withProgress(onProgress: (part: number) => void): typeof fetch {
  return (input, init = {}) =>
    new Promise((resolve, reject) => {
      const request = new XMLHttpRequest();
      request.open(init.method ?? "GET", input as string);
      new Headers(init.headers).forEach((value, name) => request.setRequestHeader(name, value));
      request.upload.onprogress = ({ loaded, total }) => onProgress(total > 0 ? loaded / total : 0);
      request.onload = () => resolve(new Response(request.responseText, { status: request.status }));
      request.onerror = () => reject(new TypeError("The network failed."));
      request.onabort = () => reject(new DOMException("It was cancelled.", "AbortError"));
      init.signal?.addEventListener("abort", () => request.abort(), { once: true });
      request.send(init.body as FormData);
    });
}
