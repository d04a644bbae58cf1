// What the program is made of, on this phone: storage, sign-in, client, queue. Pages take from here.

import { Client, type Answered } from "./api/client";
import { Unreachable } from "./api/problem";
import type { Me, WeChatProgress } from "./api/contract";
import { Session, type Kept, type Side } from "./api/session";
import { server } from "./config";
import { Drafts } from "./lib/draft";
import { newId } from "./lib/id";
import { Live } from "./lib/live";
import { Queue } from "./lib/queue";
import { elder, setElder } from "./lib/settings";
import { open } from "./lib/store";
import { Unread } from "./lib/unread";
import { upload } from "./lib/upload";


const wait = (ms: number) => new Promise<void>((done) => setTimeout(done, ms));
const id = () => newId(new Date(), Math.random);

export const store = open({
  get: (k) => wx.getStorageSync(k),
  set: (k, v) => wx.setStorageSync(k, v),
  remove: (k) => wx.removeStorageSync(k),
  keys: () => wx.getStorageInfoSync().keys,
});

/** listeners are told when what waits to be sent has changed. */
const listeners = new Set<() => void>();

/** onQueue hears of changes of the queue until the function it gives is called. */
export function onQueue(heard: () => void): () => void {
  listeners.add(heard);
  return () => listeners.delete(heard);
}

export const session: Session = new Session({
  store,
  refresh: (token) => anonymous.call("refresh_session", { body: { refresh_token: token } }),
  signIn: async (side) => keptOf(await weChatSignIn(side)),
  now: () => now(),
  ended: () => void wx.reLaunch({ url: "/pages/login/login" }),
});

/** cut says that the last request had no answer. */
let cut = false;

const transport = (request: { method: string; path: string; header: Record<string, string>; body?: unknown; timeout: number }) =>
  new Promise<Answered>((answered, lost) => {
    const raw = request.body instanceof ArrayBuffer;
    wx.request({
      url: server + request.path, method: request.method as "GET", timeout: request.timeout,
      header: { Accept: "application/json", ...(raw ? { "Content-Type": "application/octet-stream" } : {}), ...request.header },
      data: request.body as ArrayBuffer,
      success: (r) => {
        answered({ status: r.statusCode, header: lowered(r.header), body: r.data === "" ? undefined : r.data });
        if (cut) send(); // the network is back, whether or not WeChat has said so
        cut = false;
      },
      fail: (e) => {
        cut = true;
        lost(new Unreachable(e.errMsg));
      },
    });
  });

const lowered = (header: Record<string, string>): Record<string, string> =>
  Object.fromEntries(Object.entries(header).map(([k, v]) => [k.toLowerCase(), String(v)]));

/** anonymous calls what needs no sign-in. */
export const anonymous: Client = new Client({ transport, newKey: id, wait, random: Math.random });

export const client: Client = new Client({ transport, session: () => session, newKey: id, wait, random: Math.random });

const files = () => wx.getFileSystemManager();

export const queue: Queue = new Queue({
  store,
  send: async (operation, path, body, key) => {
    const answer = await client.call(operation, { path, body } as never, { key });
    const own = (answer as { case?: { id: string; version: number } }).case;
    if (own) live.know(own.id, own.version); // one's own change is no news
    return answer;
  },
  upload: (photo) =>
    upload(client, {
      read: (file, position, length) => new Promise((done, failed) => files().readFile({ filePath: file, position, length, success: (r) => done(r.data as ArrayBuffer), fail: failed })),
    }, photo),
  forget: (file) => files().unlink({ filePath: file, fail: () => undefined }),
  person: () => me()?.id,
  newId: id,
  now: () => new Date(),
  changed: () => listeners.forEach((heard) => heard()),
});

/** send sends what waits of who is signed in; what went wrong stands in the queue. */
export function send(): void {
  if (session.kept && me()) void queue.run().catch(() => undefined);
}

/** unread is how many messages are: one number for every bar. */
export const unread = new Unread(async () => (session.kept && me() ? client.call("count_todos", {}, { tries: 1 }) : undefined));

/** live tells of changes while the program is in the foreground. */
export const live: Live = new Live({
  open: async (after, c) => {
    if (!wx.canIUse("request.object.enableChunked")) return undefined;
    const token = await session.token();
    let status: number | undefined;
    const task = wx.request({
      url: server + "/api/v1/stream", enableChunked: true, timeout: 30 * 60_000,
      header: { Accept: "text/event-stream", Authorization: `Bearer ${token}`, ...(after ? { "Last-Event-ID": after } : {}) },
      success: (r) => (status = r.statusCode),
      complete: () => c.ended(status),
    });
    if (!task.onChunkReceived) return undefined;
    task.onChunkReceived((r) => c.chunk(r.data));
    return () => task.abort();
  },
  renew: async () => void (session.kept && (await session.renewed(session.kept.access))),
  later: (run, ms) => setTimeout(run, ms), forget: (timer) => clearTimeout(timer), random: Math.random,
});

live.on((e) => e.kind !== "case" && void unread.count());

export const drafts = new Drafts(store, () => new Date());

/** me is who is signed in, as last read. */
export const me = (): Me | undefined => store.get<Me>("me");

/** may says whether the server offers me something: it decides what is shown, never what is done. */
export const may = (permission: string): boolean => me()?.permissions.includes(permission) ?? false;

/** side is as what I am here. */
export const side = (): Side => session.kept?.side ?? "resident";

/** now is the server's time where a demonstration has moved it, else the phone's. */
export const now = (): Date => new Date(Date.now() + (store.get<number>("clock") ?? 0));

/** learnMe reads who I am. */
export async function learnMe(): Promise<Me> {
  const read = await client.call("get_me", {});
  store.set("me", read);
  store.set("clock", Math.abs(Date.parse(read.now) - Date.now()) > 60_000 ? Date.parse(read.now) - Date.now() : 0);
  return read;
}

/** weChatSignIn asks WeChat who I am, and the server what that needs. The code is good once: it is never sent twice. */
export async function weChatSignIn(as?: Side): Promise<WeChatProgress> {
  const { code } = await wx.login().catch((e: { errMsg: string }) => {
    throw new Unreachable(e.errMsg);
  });
  return anonymous.call("sign_in_wechat", { body: { code, as } });
}

/** keptOf is the sign-in that a step has led to, if it has. */
export function keptOf(p: WeChatProgress): Kept | undefined {
  return p.tokens && p.as ? { side: p.as, access: p.tokens.access_token, refresh: p.tokens.refresh_token ?? "", until: p.tokens.access_until, sides: p.sides ?? [p.as] } : undefined;
}

/** enter begins a sign-in and opens the first page. */
export async function enter(kept: Kept, then = "/pages/home/index"): Promise<void> {
  session.keep(kept);
  await learnMe();
  live.stop();
  live.start();
  await (then === "/pages/home/index" ? wx.switchTab({ url: then }).catch(() => wx.reLaunch({ url: then })) : wx.reLaunch({ url: then }));
  send();
}

/** leave ends the sign-in here: what was read for the person goes from the phone. What waits to be sent stays, for the same person; of who
 * has had their data erased it goes too. */
export function leave(erased = false): void {
  const person = me()?.id;
  for (const key of store.keys(`cache/${person}/`)) store.remove(key);
  if (erased) {
    for (const a of queue.list()) queue.drop(a.id);
    for (const key of store.keys(`draft/${person}/`)) store.remove(key);
  }
  live.stop();
  session.drop();
  store.remove("me");
  unread.set(0);
}

/** isElder says whether 长辈版 is on. */
export const isElder = (): boolean => elder(store, wx.getAppBaseInfo().fontSizeSetting ?? 17);

/** chooseElder switches 长辈版. */
export const chooseElder = (on: boolean): void => setElder(store, on);

/** signedIn makes sure that somebody is; without, it opens the sign-in page and says no. */
export function signedIn(): boolean {
  if (session.kept && me()) return true;
  const pages = getCurrentPages();
  const top = pages[pages.length - 1];
  const query = Object.entries((top?.options ?? {}) as Record<string, string>).map(([k, v]) => `${k}=${encodeURIComponent(v)}`).join("&");
  void wx.reLaunch({ url: `/pages/login/login?to=${encodeURIComponent(`/${top?.route}${query ? "?" + query : ""}`)}` });
  return false;
}

