// The one way to the server. A call names an operation of the contract; addresses, methods and types follow from it.
//
// Networks of phones lose requests and answers. What may be repeated is repeated: reads, PUT and DELETE, and POSTs that
// carry an Idempotency-Key, always with the key of the first try. An access token that has run out is renewed once for
// all calls that meet it, and each of them is replayed once (session.ts).

import { operations, type Operations } from "./contract";
import { isProblem, Refused, Unreachable } from "./problem";
import type { Session } from "./session";

/** Sent is a request as it goes out. */
export interface Sent {
  method: "GET" | "POST" | "PUT" | "DELETE";
  path: string;
  header: Record<string, string>;
  body?: unknown;
  /** Milliseconds until it is given up. */
  timeout: number;
}

/** Answered is an answer as it comes in; header names are in lower case. */
export interface Answered {
  status: number;
  header: Record<string, string>;
  body: unknown;
}

/** Transport carries one request; it rejects when there is no answer. */
export type Transport = (request: Sent) => Promise<Answered>;

type Filled<T> = keyof T extends never ? never : T;
type Given<K extends string, T> = [Filled<T>] extends [never] ? unknown : Partial<T> extends T ? { [k in K]?: T } : { [k in K]: T };

/** Input is what a call of O takes: path, query and body, as far as O has them. */
export type Input<O extends keyof Operations> = Given<"path", Operations[O]["path"]> &
  Given<"query", Operations[O]["query"]> &
  (undefined extends Operations[O]["body"] ? unknown : { body: Operations[O]["body"] });

/** Answer is what a call of O answers. */
export type Answer<O extends keyof Operations> = Operations[O]["answer"];

/** How a call is made. */
export interface How {
  /** The Idempotency-Key, where the caller keeps it beyond this call. */
  key?: string;
  /** How many times it goes out at most; 3 when it may be repeated. */
  tries?: number;
  timeout?: number;
  /** Without a token: signing in itself. */
  anonymous?: boolean;
}

export interface ClientOptions {
  transport: Transport;
  /** What the access token comes from; without one every call is anonymous. */
  session?: () => Session;
  newKey: () => string;
  wait: (milliseconds: number) => Promise<void>;
  /** Between 0 and 1: spreads the retries of many phones. */
  random: () => number;
}

const timeLimit = 10_000;
const triesOf = { repeatable: 3, once: 1 };
/** The longest Retry-After that is worth waiting for while somebody looks at the page. */
const patience = 5_000;

interface Loose {
  path?: Record<string, string | number>;
  query?: Record<string, string | number | boolean | undefined>;
  body?: unknown;
}

export class Client {
  constructor(private readonly o: ClientOptions) {}

  /** call carries an operation out. It throws Refused, Unreachable or SignedOut. */
  async call<O extends keyof Operations>(operation: O, input: Input<O>, how: How = {}): Promise<Answer<O>> {
    const [method, template, keyed] = operations[operation];
    const { path, query, body } = input as Loose;
    const header: Record<string, string> = {};
    if (keyed) header["Idempotency-Key"] = how.key ?? this.o.newKey();
    const request: Sent = { method, path: address(template, path, query), header, body, timeout: how.timeout ?? timeLimit };
    const repeatable = method !== "POST" || keyed === true;
    const answer = await this.persist(request, how.tries ?? (repeatable ? triesOf.repeatable : triesOf.once), how.anonymous ?? false);
    return answer.body as Answer<O>;
  }

  /** persist sends a request until it is answered, at most tries times. */
  private async persist(request: Sent, tries: number, anonymous: boolean): Promise<Answered> {
    for (let no = 1; ; no++) {
      let again: unknown;
      let after = 400 * 3 ** (no - 1) * (0.75 + this.o.random() / 2);
      try {
        const answer = anonymous || !this.o.session ? await this.o.transport(request) : await this.asSomebody(request, this.o.session());
        if (answer.status < 300) return answer;
        if (![429, 502, 503, 504].includes(answer.status)) throw refusal(answer);
        const wanted = Number(answer.header["retry-after"]) * 1000;
        if (wanted > patience) throw refusal(answer);
        if (wanted > after) after = wanted;
        again = refusal(answer);
      } catch (e) {
        if (!(e instanceof Unreachable)) throw e;
        again = e;
      }
      if (no >= tries) throw again;
      await this.o.wait(after);
    }
  }

  /** asSomebody sends a request with the access token; with a new one, once, when that had run out. */
  private async asSomebody(request: Sent, session: Session): Promise<Answered> {
    const token = await session.token();
    const answer = await this.o.transport(bearing(request, token));
    if (answer.status !== 401) return answer;
    return this.o.transport(bearing(request, await session.renewed(token)));
  }
}

const bearing = (request: Sent, token: string): Sent => ({ ...request, header: { ...request.header, Authorization: `Bearer ${token}` } });

/** refusal is what an answer that is no success means. What did not come from the server says nothing. */
export function refusal(answer: Answered): Refused | Unreachable {
  return isProblem(answer.body) ? new Refused(answer.body) : new Unreachable(answer.status);
}

/** address fills a path's template in and adds the query. */
export function address(template: string, path: Loose["path"] = {}, query: Loose["query"] = {}): string {
  const filled = template.replace(/\{(\w+)\}/g, (_, name: string) => encodeURIComponent(String(path[name])));
  const asked = Object.entries(query).filter(([, v]) => v !== undefined && v !== "");
  return filled + (asked.length ? "?" + asked.map(([k, v]) => `${encodeURIComponent(k)}=${encodeURIComponent(String(v))}`).join("&") : "");
}
