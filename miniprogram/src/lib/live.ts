// What changes while somebody looks: the server's stream, read as long as the program is in the foreground. It says that something has
// changed, not what; pages offer to read anew, and never move by themselves. Nothing depends on it: where there is no stream, pages read
// when they are shown.

/** LiveEvent is the data of one event, as the document of the API has it. */
export interface LiveEvent {
  kind: "ready" | "case" | "inbox" | "resync" | "poll" | "end";
  case_id?: string;
  number?: string;
  version?: number;
}

/** Heard is one event of the stream, with the id behind which a lost one goes on. */
export interface Heard {
  id: string;
  event: LiveEvent;
}

const lf = 10;
const cr = 13;

/** Events takes a stream's bytes as they come and gives its events. Bytes become text only when an event is whole, so that it does not
 * matter where the network cuts them. */
export class Events {
  private line: number[] = [];
  private id = "";
  private data: string[] = [];

  push(chunk: ArrayBuffer): Heard[] {
    const out: Heard[] = [];
    for (const byte of new Uint8Array(chunk)) {
      if (byte !== lf) {
        this.line.push(byte);
        continue;
      }
      if (this.line[this.line.length - 1] === cr) this.line.pop();
      const line = textOf(this.line);
      this.line = [];
      if (line.startsWith("data:")) this.data.push(line.slice(5).replace(/^ /, ""));
      else if (line.startsWith("id:")) this.id = line.slice(3).trim();
      else if (line === "" && this.data.length) {
        const event = read(this.data.join("\n"));
        if (event) out.push({ id: this.id, event });
        this.id = "";
        this.data = [];
      }
    }
    return out;
  }
}

/** textOf reads UTF-8; not every phone has a TextDecoder. */
const textOf = (bytes: number[]): string => {
  try {
    return decodeURIComponent(bytes.map((b) => "%" + b.toString(16).padStart(2, "0")).join(""));
  } catch {
    return "";
  }
};

const read = (data: string): LiveEvent | undefined => {
  try {
    const e = JSON.parse(data) as LiveEvent;
    return typeof e?.kind === "string" ? e : undefined;
  } catch {
    return undefined;
  }
};

/** Connection is one connection: it ends once, by itself or by close. */
export interface Connection {
  chunk: (bytes: ArrayBuffer) => void;
  /** status is the server's answer; undefined when there was none. */
  ended: (status?: number) => void;
}

export interface LiveOptions {
  /** Opens the stream behind an id, and gives what closes it; undefined where this phone cannot. */
  open: (after: string, c: Connection) => Promise<(() => void) | undefined>;
  /** Gets another access token; the one that was used has run out. */
  renew: () => Promise<void>;
  /** setTimeout and clearTimeout. */
  later: (run: () => void, milliseconds: number) => number;
  forget: (timer: number) => void;
  random: () => number;
}

/** Times, in milliseconds. */
export const times = {
  first: 1_000, // before the first try anew; twice as long each time
  longest: 60_000,
  tooMany: 300_000, // as the server asks those who have too many streams
  silence: 45_000, // three heartbeats without a byte: the connection is gone and nobody has said so
  settle: 1_000, // until a change is told: one's own is known by then, and several are one
  poll: 60_000,
};

export class Live {
  private readonly listeners = new Set<(e: LiveEvent) => void>();
  private readonly known = new Map<string, number>();
  private run = 0; // the stream that counts: others are over
  private close?: () => void;
  private failed = 0;
  private last = "";
  private again = 0;
  private watch = 0;
  private poll = 0;

  constructor(private readonly o: LiveOptions) {}

  /** on hears of changes until the function it gives is called. */
  on(heard: (e: LiveEvent) => void): () => void {
    this.listeners.add(heard);
    return () => this.listeners.delete(heard);
  }

  /** know notes the version of a case that somebody has before them: it is no news. */
  know(caseId: string, version: number): void {
    if (version > (this.known.get(caseId) ?? 0)) this.known.set(caseId, version);
  }

  /** start opens the stream, if it is not open. Pages read when they are shown, so it begins with now. */
  start(): void {
    if (this.run % 2) return;
    this.run++;
    this.failed = 0;
    this.last = "";
    void this.connect(this.run);
  }

  /** stop closes it. */
  stop(): void {
    if (this.run % 2 === 0) return;
    this.run++;
    this.end();
    this.o.forget(this.again);
  }

  private end(): void {
    this.o.forget(this.watch);
    this.o.forget(this.poll);
    this.poll = 0;
    this.close?.();
    this.close = undefined;
  }

  private async connect(run: number): Promise<void> {
    const events = new Events();
    let over = false;
    const ended = (status?: number) => {
      if (over || run !== this.run) return;
      over = true;
      this.end();
      void this.retry(run, status);
    };
    const alive = () => {
      this.o.forget(this.watch);
      this.watch = this.o.later(() => ended(), times.silence);
    };
    alive();
    let close: (() => void) | undefined;
    try {
      close = await this.o.open(this.last, {
        chunk: (bytes) => {
          if (over || run !== this.run) return;
          alive();
          for (const h of events.push(bytes)) this.hear(run, h);
        },
        ended,
      });
    } catch {
      return ended();
    }
    if (over || run !== this.run) return close?.();
    this.close = close;
    if (!close) this.o.forget(this.watch); // pages read when they are shown
  }

  private async retry(run: number, status?: number): Promise<void> {
    if (status === 401) {
      const renewed = await this.o.renew().then(() => true, () => false);
      if (run !== this.run) return;
      if (renewed && !this.failed) {
        this.failed = 1;
        return this.connect(run);
      }
    }
    const after = status === 429 ? times.tooMany : Math.min(times.first * 2 ** this.failed, times.longest);
    this.failed++;
    this.again = this.o.later(() => void (run === this.run && this.connect(run)), after * (0.75 + this.o.random() / 2));
  }

  private hear(run: number, { id, event }: Heard): void {
    if (id) this.last = id;
    switch (event.kind) {
      case "ready":
        this.failed = 0;
        return;
      case "end":
        this.stop();
        return;
      case "poll":
        this.pollOn();
        return;
      case "resync":
        this.o.forget(this.poll);
        this.poll = 0;
    }
    this.o.later(() => {
      if (run !== this.run) return;
      if (event.kind === "case" && (event.version ?? Infinity) <= (this.known.get(event.case_id ?? "") ?? 0)) return;
      this.tell(event);
    }, times.settle);
  }

  private pollOn(): void {
    if (this.poll) return;
    const go = () => {
      this.tell({ kind: "resync" });
      this.poll = this.o.later(go, times.poll);
    };
    this.poll = this.o.later(go, times.poll);
  }

  private tell(event: LiveEvent): void {
    for (const heard of [...this.listeners]) heard(event);
  }
}
