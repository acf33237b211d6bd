/**
 * This client behind JSON lines: requests on stdin, answers and what the client hands on on stdout.
 * `tests/conformance/driver.py` says what the lines are; `tests/conformance/program.py` is its counterpart.
 */
import { createInterface } from "node:readline";
import { ApiError, CommandFailed, RestClient, RoomlogClient } from "../src/index";
import type { Ack, ClientEvent, NodeAddress, PresenceState, RepeatableCommand } from "../src/index";

type Request = { n: number } & (
  | { do: "connect"; nodes: NodeAddress[]; api: string; token: string; later?: string }
  | { do: "command"; command: RepeatableCommand }
  | { do: "follow"; room: string; cursor?: string }
  | { do: "unfollow" | "typing"; room: string }
  | { do: "presence"; state: PresenceState }
  | { do: "renew"; token: string }
);

let client: RoomlogClient;

function write(line: object): void {
  process.stdout.write(JSON.stringify(line) + "\n");
}

function handOn(event: ClientEvent): void {
  if (event.op === "signed_out") write({ op: "ended" });
  else if (event.op !== "status") write(event);
  else if (event.state === "online") write({ op: "online", node: event.node });
}

function connect(nodes: NodeAddress[], api: string, first: string, later: string | undefined): void {
  let token = first;
  const rest = new RestClient({ base: api, token: () => token });
  client = new RoomlogClient({
    nodes: () => Promise.resolve(nodes),
    listener: handOn,
    preferredNode: nodes[0]?.name,
    token: () => token,
    authorize: async () => {
      try {
        await rest.get("/ingest-nodes");
      } catch (error) {
        if (!(error instanceof ApiError) || error.status !== 401) throw error;
        if (later === undefined || token === later) return false;
        token = later;
      }
      return true;
    },
  });
  client.start();
}

async function carryOut(request: Request): Promise<Partial<Ack>> {
  switch (request.do) {
    case "connect":
      connect(request.nodes, request.api, request.token, request.later);
      return {};
    case "command":
      return client.command(request.command);
    case "follow":
      client.subscribe(request.room, request.cursor ?? null);
      return {};
    case "unfollow":
      client.unsubscribe(request.room);
      return {};
    case "typing":
      client.typing(request.room);
      return {};
    case "presence":
      client.setPresence(request.state);
      return {};
    case "renew":
      client.renew(request.token);
      return {};
  }
}

async function answer(request: Request): Promise<void> {
  try {
    write({ n: request.n, done: await carryOut(request) });
  } catch (error) {
    write({ n: request.n, failed: error instanceof CommandFailed ? error.code : String(error) });
  }
}

createInterface({ input: process.stdin })
  .on("line", (line) => {
    for (const request of JSON.parse(line) as Request[]) void answer(request);
  })
  .on("close", () => process.exit(0));
