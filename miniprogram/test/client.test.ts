import assert from "node:assert/strict";
import { test } from "node:test";
import { address, Client, type Answered, type Sent } from "../src/api/client";
import { Refused, SignedOut, Unreachable } from "../src/api/problem";
import { Session, type Kept } from "../src/api/session";
import { memory } from "./memory";
import { open } from "../src/lib/store";

const problem = (code: string, reason = "x", message = "请稍后再试。") => ({ code, reason, message, title: "", status: 0, request_id: "r" });
const ok = (body: unknown = {}): Answered => ({ status: 200, header: {}, body });
const no = (status: number, code = "unavailable", header = {}): Answered => ({ status, header, body: problem(code) });

/** scripted answers requests from a list; what is a function is asked, what is an error is thrown. */
function scripted(answers: (Answered | Error | ((s: Sent) => Answered))[]) {
  const sent: Sent[] = [];
  const waits: number[] = [];
  let keys = 0;
  const client = new Client({
    transport: async (s) => {
      sent.push(s);
      const a = answers.shift();
      if (!a) throw new Error("one request more than expected");
      if (a instanceof Error) throw a;
      return typeof a === "function" ? a(s) : a;
    },
    newKey: () => `key-${++keys}`,
    wait: async (ms) => void waits.push(ms),
    random: () => 0.5,
  });
  return { client, sent, waits };
}

test("a server that is away is not called a network that is gone", () => {
  assert.notEqual(new Unreachable(502).message, new Unreachable("request:fail").message);
});

test("an address is filled in, escaped, and has no empty query", () => {
  assert.equal(address("/a/{id}/b", { id: "1/2 三" }, { limit: 5, cursor: undefined, view: "" }), "/a/1%2F2%20%E4%B8%89/b?limit=5");
});

test("a read is repeated while there is no answer", async () => {
  const { client, sent, waits } = scripted([new Unreachable(), no(503), ok({ name: "马国梁" })]);
  const me = await client.call("get_me", {});
  assert.equal(me.name, "马国梁");
  assert.equal(sent.length, 3);
  assert.deepEqual(waits, [400, 1200]);
});

test("a command goes out again with the same key, and with the key of its caller", async () => {
  const { client, sent } = scripted([new Unreachable(), ok(), ok()]);
  await client.call("case_accept", { path: { id: "c" }, body: { version: 3 } });
  await client.call("case_accept", { path: { id: "c" }, body: { version: 3 } }, { key: "mine" });
  assert.deepEqual(sent.map((s) => s.header["Idempotency-Key"]), ["key-1", "key-1", "mine"]);
});

test("a POST without a key goes out once", async () => {
  const { client, sent } = scripted([new Unreachable()]);
  await assert.rejects(client.call("mark_inbox_read", { body: { ids: ["a"] } }), (e) => e instanceof Unreachable);
  assert.equal(sent.length, 1);
});

test("a refusal says what the server says, and is not repeated", async () => {
  const { client, sent } = scripted([no(409, "aborted")]);
  await assert.rejects(client.call("get_me", {}), (e) => e instanceof Refused && e.message === "请稍后再试。");
  assert.equal(sent.length, 1);
});

test("Retry-After is kept to, and one that is too long is told at once", async () => {
  const { client, waits } = scripted([no(429, "resource_exhausted", { "retry-after": "2" }), ok(), no(429, "resource_exhausted", { "retry-after": "60" })]);
  await client.call("get_me", {});
  assert.deepEqual(waits, [2000]);
  await assert.rejects(client.call("get_me", {}), (e) => e instanceof Refused);
});

test("what does not come from the server is no answer", async () => {
  const { client } = scripted([{ status: 502, header: {}, body: "<html>" }, { status: 404, header: {}, body: "<html>" }]);
  await assert.rejects(client.call("get_me", {}, { tries: 1 }), (e) => e instanceof Unreachable);
  await assert.rejects(client.call("get_me", {}, { tries: 1 }), (e) => e instanceof Unreachable);
});

test("a token known to have run out is renewed before it is shown, and a clock far ahead does not renew for ever", async () => {
  let renewals = 0;
  const s = somebody(async () => (renewals++, { access_token: "new", refresh_token: "r2", access_until: "2026-11-25T08:30:00Z" }));
  s.session.keep({ side: "staff", access: "old", refresh: "r1", until: "2026-11-25T08:59:00Z", sides: ["staff"] });
  assert.equal(await s.session.token(), "new");
  assert.equal(await s.session.token(), "new");
  assert.equal(renewals, 1);
  s.session.keep({ side: "staff", access: "old", refresh: "r1", until: "2026-11-25T09:01:00Z", sides: ["staff"] });
  assert.equal(await s.session.token(), "old");
});

/** somebody is a client with a sign-in whose access token is old. */
function somebody(refresh: () => Promise<{ access_token: string; refresh_token: string; access_until?: string }>, signIn: () => Promise<Kept | undefined> = async () => undefined) {
  const store = open(memory());
  let ended = 0;
  const session: Session = new Session({
    now: () => new Date("2026-11-25T09:00:00Z"),
    store, signIn, ended: () => ended++,
    refresh: async () => ({ access_until: "", refresh_until: "", session_id: "s", ...(await refresh()) }),
  });
  session.keep({ side: "staff", access: "old", refresh: "r1", sides: ["staff"] });
  const sent: string[] = [];
  const good = new Set(["new"]);
  const client = new Client({
    transport: async (s) => {
      sent.push(s.header.Authorization);
      return good.has(s.header.Authorization.slice(7)) ? ok({ id: "p" }) : no(401, "unauthenticated");
    },
    session: () => session, newKey: () => "k", wait: async () => undefined, random: () => 0.5,
  });
  return { client, session, sent, good, ended: () => ended };
}

test("calls whose token has run out share one renewal, and each is replayed once", async () => {
  let renewals = 0;
  const s = somebody(async () => (renewals++, await new Promise((r) => setTimeout(r, 5)), { access_token: "new", refresh_token: "r2" }));
  await Promise.all([1, 2, 3, 4, 5].map(() => s.client.call("get_me", {})));
  assert.equal(renewals, 1);
  assert.equal(s.sent.length, 10);
  assert.equal(s.session.kept?.refresh, "r2");
});

test("a call that comes late with an old token takes the one that is there", async () => {
  let renewals = 0;
  const s = somebody(async () => (renewals++, { access_token: "new", refresh_token: "r2" }));
  await s.client.call("get_me", {});
  assert.equal(await s.session.renewed("old"), "new");
  assert.equal(renewals, 1);
});

test("a replay that is refused too is told, not tried a third time", async () => {
  const s = somebody(async () => ({ access_token: "new", refresh_token: "r2" }));
  s.good.clear();
  await assert.rejects(s.client.call("get_me", {}), (e) => e instanceof Refused && e.problem.code === "unauthenticated");
  assert.equal(s.sent.length, 2);
});

test("without a network the sign-in stays", async () => {
  const s = somebody(async () => { throw new Unreachable(); });
  await assert.rejects(s.client.call("get_me", {}, { tries: 1 }), (e) => e instanceof Unreachable);
  assert.equal(s.session.kept?.refresh, "r1");
  assert.equal(s.ended(), 0);
});

test("a sign-in that has ended is begun again by WeChat, without a question", async () => {
  const s = somebody(async () => { throw new Refused(problem("unauthenticated") as never); }, async () => ({ side: "staff", access: "new", refresh: "r9", sides: ["staff"] }));
  await s.client.call("get_me", {});
  assert.equal(s.session.kept?.refresh, "r9");
});

test("when WeChat cannot, the person is asked", async () => {
  const s = somebody(async () => { throw new Refused(problem("unauthenticated") as never); });
  await assert.rejects(s.client.call("get_me", {}), (e) => e instanceof SignedOut);
  assert.equal(s.session.kept, undefined);
  assert.equal(s.ended(), 1);
});
