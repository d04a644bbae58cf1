// What people did, on its way to the server. Every action is written here before it is sent, with its Idempotency-Key,
// and leaves only when the server has it: a phone that is switched off, a program that is killed, an answer that is lost
// neither loses it nor does it twice. Without a network it waits. What the server refuses stays, in its words, until
// the person has seen it; on a case that others changed meanwhile nothing is overwritten: the person looks and decides.
//
// Actions on one case go out in the order in which they were given, and behind one that the person has to look at none
// goes out. Several that were given upon the same view of a case follow the version that the first of them made.

import type { CommandResult, Operations, Problem } from "../api/contract";
import { Refused, SignedOut, Unreachable } from "../api/problem";
import type { Store } from "./store";

/** Queueable are the operations that can wait: those the server does once however often they come. */
export type Queueable = Extract<keyof Operations, `case_${string}` | "report_case" | "create_ticket" | "report_matter" | "add_facts" | "me_too">;

/** Photo is one that goes along. It is uploaded first, once. */
export interface Photo {
  /** Where it lies on the phone. */
  file: string;
  size: number;
  name?: string;
  /** The Idempotency-Key of the upload. */
  key: string;
  /** The attachment's id, once the server has all of it. */
  id?: string;
}

/** Action is something that a person did. */
export interface Action<O extends Queueable = Queueable> {
  /** Also its Idempotency-Key. */
  id: string;
  /** Who did it, on which side: nobody else's sign-in sends it. */
  person: string;
  operation: O;
  path: Operations[O]["path"];
  body: Operations[O]["body"];
  photos: Photo[];
  /** The field of the body that takes the photos' ids, beside what stands in it. */
  photosAs?: "attachments" | "evidence";
  /** What it is, for the list of what waits. */
  title: string;
  at: string;
  state: "waiting" | "conflict" | "refused";
  problem?: Problem;
}

/** New is an action that is about to be given. */
export type New<O extends Queueable = Queueable> = Pick<Action<O>, "person" | "operation" | "path" | "body" | "title"> & Partial<Pick<Action<O>, "photos" | "photosAs">>;

/** Outcome of an action that was given: done, with the server's answer, or kept until there is a network. */
export type Outcome<O extends Queueable> = { state: "done"; answer: Operations[O]["answer"] } | { state: "waiting" };

export interface QueueOptions {
  store: Store;
  /** Carries an operation out, with the action's key. */
  send: <O extends Queueable>(operation: O, path: Operations[O]["path"], body: Operations[O]["body"], key: string) => Promise<Operations[O]["answer"]>;
  /** Uploads a photo and gives the attachment's id; it goes on where it was. */
  upload: (photo: Photo) => Promise<string>;
  /** Removes a photo's file from the phone. */
  forget: (file: string) => void;
  /** Whose actions may go out now. */
  person: () => string | undefined;
  newId: () => string;
  now: () => Date;
  /** Something changed in the queue. */
  changed: () => void;
}

const prefix = "queue/";

export class Queue {
  private running?: Promise<void>;
  private readonly awaited = new Set<string>();
  private readonly answers = new Map<string, unknown>();

  constructor(private readonly o: QueueOptions) {}

  /** list gives the actions of a person, in the order in which they were given. */
  list(person = this.o.person()): Action[] {
    return this.all().map(([, a]) => a).filter((a) => a.person === person);
  }

  /** give keeps an action and tries to send it. It throws Refused when the server says no at once: then it is not kept. */
  async give<O extends Queueable>(given: New<O>): Promise<Outcome<O>> {
    const action: Action<O> = { photos: [], ...given, id: this.o.newId(), at: this.o.now().toISOString(), state: "waiting" };
    this.o.store.set(this.nextKey(action.id), action);
    this.o.changed();
    this.awaited.add(action.id);
    await this.run().finally(() => this.awaited.delete(action.id));
    if (this.answers.has(action.id)) {
      const answer = this.answers.get(action.id) as Operations[O]["answer"];
      this.answers.delete(action.id);
      return { state: "done", answer };
    }
    const [key, left] = this.find(action.id);
    if (left?.problem) {
      this.o.store.remove(key); // the page still has what was typed, and says what is wrong with it
      this.o.changed();
      throw new Refused(left.problem);
    }
    return { state: "waiting" };
  }

  /** run sends what waits. One run at a time: whoever calls meanwhile waits for one that begins after their call. */
  async run(): Promise<void> {
    while (this.running) await this.running.catch(() => undefined); // who began it hears of it
    this.running = this.drain().finally(() => (this.running = undefined));
    return this.running;
  }

  /** drop gives an action up. */
  drop(id: string): void {
    const [key, action] = this.find(id);
    if (!action) return;
    this.leave(key, action);
    this.o.changed();
  }

  /** again sends an action once more, on the case as the person has now seen it. */
  async again(id: string, version?: number): Promise<void> {
    const [key, action] = this.find(id);
    if (!action) return;
    const body = version === undefined ? action.body : { ...(action.body as object), version };
    // A new key: the old one's refusal is an answer too.
    this.o.store.set(key, { ...action, id: this.o.newId(), body, state: "waiting", problem: undefined });
    this.o.changed();
    await this.run();
  }

  private async drain(): Promise<void> {
    const held = new Set<string>();
    for (const [key] of this.all()) {
      const action = this.o.store.get<Action>(key); // as it is now: the one before may have moved its version
      if (!action || action.person !== this.o.person()) continue;
      const on = caseOf(action);
      if (on && held.has(on)) continue;
      if (action.state !== "waiting") {
        if (on) held.add(on);
        continue;
      }
      try {
        await this.send(key, action);
      } catch (e) {
        if (isPassing(e)) return; // later
        if (!(e instanceof Refused)) throw e;
        this.o.store.set(key, { ...this.o.store.get<Action>(key), state: e.conflict ? "conflict" : "refused", problem: e.problem });
        if (on) held.add(on);
      }
      this.o.changed();
    }
  }

  private async send(key: string, action: Action): Promise<void> {
    for (const photo of action.photos) {
      if (photo.id) continue;
      photo.id = await this.o.upload(photo);
      this.o.store.set(key, action);
    }
    const answer = await this.o.send(action.operation, action.path, bodyOf(action), action.id);
    this.follow(key, action, answer);
    if (this.awaited.has(action.id)) this.answers.set(action.id, answer);
    this.leave(key, action);
  }

  /** follow moves those that were given upon the same view of the case to the version that this one made. A replayed
   * answer shows the case as it is now, perhaps with what others did: then they meet the conflict. */
  private follow(key: string, action: Action, answer: unknown): void {
    const on = caseOf(action);
    const result = answer as Partial<CommandResult> | undefined;
    if (!on || !result?.case || result.replayed) return;
    const seen = versionOf(action);
    for (const [k, later] of this.all())
      if (k > key && caseOf(later) === on && later.state === "waiting" && versionOf(later) === seen)
        this.o.store.set(k, { ...later, body: { ...(later.body as object), version: result.case.version } });
  }

  private leave(key: string, action: Action): void {
    // The photos first: killed in between, the action is sent once more under its key and needs only their ids. The other way round
    // they would stay on the phone for good.
    for (const p of action.photos) this.o.forget(p.file);
    this.o.store.remove(key);
  }

  private all(): [string, Action][] {
    return this.o.store.keys(prefix).flatMap((k) => {
      const a = this.o.store.get<Action>(k);
      return a ? [[k, a] as [string, Action]] : [];
    });
  }

  private find(id: string): [string, Action | undefined] {
    return this.all().find(([, a]) => a.id === id) ?? ["", undefined];
  }

  private nextKey(id: string): string {
    const keys = this.o.store.keys(prefix);
    const no = keys.length ? Number(keys[keys.length - 1].slice(prefix.length, prefix.length + 9)) + 1 : 1;
    return `${prefix}${String(no).padStart(9, "0")}-${id}`;
  }
}

/** isPassing tells what goes by itself: no network, a server that is away, a sign-in that has to be renewed by hand. */
const isPassing = (e: unknown): boolean =>
  e instanceof Unreachable || e instanceof SignedOut || (e instanceof Refused && ["unauthenticated", "unavailable", "internal"].includes(e.problem.code));

const caseOf = (a: Action): string | undefined => (a.operation.startsWith("case_") ? (a.path as { id: string }).id : undefined);
const versionOf = (a: Action): number | undefined => (a.body as { version?: number }).version;

function bodyOf(a: Action): Action["body"] {
  if (!a.photosAs || !a.photos.length) return a.body;
  const body = a.body as unknown as Record<string, unknown>;
  const already = (body[a.photosAs] as string[] | undefined) ?? [];
  return { ...body, [a.photosAs]: [...already, ...a.photos.map((p) => p.id)] } as unknown as Action["body"];
}
