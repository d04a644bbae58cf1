// The timeline as pages show it: newest first, with the system's routine reminders that stand beside each other in one line. The words, and
// what is routine, are the server's.

import type { TimelineItem } from "../api/contract";
import { texts } from "../texts";
import { momentOf } from "./when";

/** Line is one line; routine is a reminder, which says little beside the one before. */
export interface Line { seq: number | string; at: string; text: string; meta: string; routine: boolean }

/** Fold is a line, or several reminders that are all there when it is opened; seq is then the oldest's, which stays. */
export interface Fold extends Line { each: Line[]; latest: boolean }

/** lineOf puts an event into a line. */
export const lineOf = (e: TimelineItem, now: Date): Line => ({ seq: e.seq, at: e.at, text: e.text, meta: [momentOf(e.at, now), e.who].filter(Boolean).join("  "), routine: e.routine ?? false });

/** together says once what several reminders begin with: 催促：待接单、超期未办结. */
function together(all: string[]): string {
  const by = new Map<string, string[]>();
  for (const text of new Set(all)) {
    const at = text.indexOf("：") + 1;
    by.set(text.slice(0, at), [...(by.get(text.slice(0, at)) ?? []), text.slice(at)]);
  }
  return [...by].map(([head, what]) => head + what.join("、")).join("；");
}

/** folded puts reminders that are neighbours into one line. The latest is the newest that is more than a reminder. */
export function folded(lines: Line[], now: Date): Fold[] {
  const out: Fold[] = [];
  const latest = lines.findIndex((l) => !l.routine);
  lines.forEach((l, i) => {
    const before = out[out.length - 1];
    if (l.routine && before?.routine) {
      before.each.push(l);
      before.seq = l.seq;
    } else out.push({ ...l, each: [l], latest: i === latest });
  });
  return out.map((f) => (f.each.length < 2 ? { ...f, each: [] } : { ...f, text: texts.case.times(together(f.each.map((l) => l.text)), f.each.length), meta: texts.case.newest(momentOf(f.at, now)) }));
}
