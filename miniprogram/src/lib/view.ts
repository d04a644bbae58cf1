// How cases, to-dos and events are put into words and tones on the screen. The words are the server's.

import type { CaseItem, CaseView, ClockView, Me, OwnReport, ReportedCase, StuckCase, TodoItem, WaitingTicket } from "../api/contract";
import { texts } from "../texts";
import { dayOf, momentOf } from "./when";

/** Tone colours a badge or a clock, always beside words: the tier's, near the end, late, done. */
export type Tone = "" | "III" | "II" | "I" | "near" | "late" | "done";

/** toneOf is a clock's: late or near when the server says so. */
export function toneOf(clock: ClockView | undefined): Tone {
  if (!clock) return "";
  if (clock.overdue) return "late";
  return clock.near ? "near" : "";
}

/** Card is what a card of a case shows. */
export interface Card {
  key: string;
  id: string;
  badge: string;
  tone: Tone;
  number: string;
  kind: string;
  title: string;
  place: string;
  clock: string;
  clockTone: Tone;
  provisional: boolean;
  /** Under which heading it stands, where the list has headings. */
  section?: string;
  /** What happened last, where the list tells it. */
  last?: string;
  /** Why it is stuck, where the list tells it. */
  why?: string;
}

/** capped is a count as it is shown: nothing for none. */
export const capped = (n: number, cap: number): string => (n >= cap ? `${cap}+` : n ? String(n) : "");

const done = new Set(["resolved", "closed"]);

const toneOfCase = (c: { status: string; tier?: string; clock?: ClockView }): Tone =>
  done.has(c.status) ? "done" : c.clock?.overdue ? "late" : ((c.tier ?? "") as Tone);

/** ourOwn are the roles of who works in a department: it need not be named to them. */
const ourOwn = new Set(["department_head", "handler"]);

const badgeOf = (tier: string, status: string): string => (tier ? `${tier} · ${status}` : status);

/** cardOfCase is a case in a list. */
export function cardOfCase(c: CaseItem): Card {
  return {
    key: c.id, id: c.id, badge: badgeOf(c.tier_label, c.status_label), tone: toneOfCase(c), number: c.number, kind: "", title: c.title,
    place: [c.topic, c.community?.name ?? c.grid?.name, c.lead_department?.name].filter(Boolean).join(" · "),
    clock: c.clock?.text ?? "", clockTone: toneOf(c.clock), provisional: c.clock?.provisional ?? false,
  };
}

/** cardOfReported is a case that I reported. */
export const cardOfReported = (c: ReportedCase, now: Date): Card => ({ ...cardOfCase(c), last: texts.home.last(momentOf(c.last.at, now), c.last.text) });

/** cardOfStuck is a case that is not solved, with why. */
export const cardOfStuck = (c: StuckCase): Card => ({ ...cardOfCase(c), why: c.why });

/** cardOfTeam is a case of one's own department, which need not be named. */
export const cardOfTeam = (c: CaseItem): Card => ({ ...cardOfCase(c), place: [c.topic, c.community?.name ?? c.grid?.name].filter(Boolean).join(" · ") });

/** cardOfTodo is something to do, with who has the case besides me. */
export function cardOfTodo(t: TodoItem, now: Date, me: Me | undefined): Card {
  const due = texts.home.due;
  const lead = me?.posts.some((p) => p.unit === t.lead_department?.id && ourOwn.has(p.role)) ? undefined : t.lead_department?.name;
  const handler = t.handler && t.handler.id !== me?.id ? texts.home.handler(t.handler.name) : undefined;
  return {
    section: !t.clock ? due.none : t.clock.overdue ? due.late : dayOf(t.clock.due_at, now) === dayOf(now.toISOString(), now) ? due.today : due.later,
    key: `${t.case_id} ${t.kind} ${t.ref ?? ""} ${t.for}`, id: t.case_id, badge: badgeOf(t.tier_label, t.kind_label), tone: t.clock?.overdue ? "late" : ((t.tier ?? "") as Tone), number: t.number, kind: t.for, title: t.title,
    place: [lead, handler].filter(Boolean).join(" · "), clock: t.clock ? texts.case.wait(t.kind_label, t.clock.text) : "", clockTone: toneOf(t.clock), provisional: t.clock?.provisional ?? false,
  };
}

/** headed puts each heading above the first card that stands under it. */
export const headed = (cards: Card[]): (Card & { heading?: string })[] => cards.map((c, i) => (c.section !== cards[i - 1]?.section ? { ...c, heading: c.section } : c));

/** headOf is the first card of a case's page. */
export function headOf(c: CaseView): Card {
  return {
    ...cardOfCase(c),
    place: [[c.domain && texts.domain[c.domain].slice(0, 2), c.topic].filter(Boolean).join(" / "), c.place || c.community?.name, c.grid?.name].filter(Boolean).join(" · "),
  };
}

/** plainCardOfCase is a case in a resident's list: what happens with it in plain words, without tiers and departments. */
export function plainCardOfCase(c: CaseItem): Card {
  return {
    ...cardOfCase(c), badge: texts.case.plain[c.status] + (c.rateable ? ` · ${texts.case.pleaseRate}` : ""), tone: done.has(c.status) ? "done" : c.promise?.late ? "late" : "III",
    place: [c.topic, c.community?.name].filter(Boolean).join(" · "), why: c.promise?.late ? c.promise.text : undefined,
  };
}

/** cardOfReport is a ticket of mine that is in no case. */
export const cardOfReport = (r: OwnReport, now: Date): Card => ({
  key: r.id, id: r.id, badge: r.state_label, tone: r.state === "refused" ? "late" : r.state === "closed" ? "done" : "III", number: r.order_no, kind: "", title: r.title, place: r.next,
  clock: "", clockTone: "", provisional: false, last: texts.ticket.at(momentOf(r.at, now)),
});

/** cardOfWaiting is a resident's ticket that waits for the centre. */
export const cardOfWaiting = (w: WaitingTicket, now: Date): Card => ({
  key: w.id, id: w.id, badge: w.waits, tone: "III", number: w.order_no, kind: "", title: w.title ?? "", place: [w.topic, w.community, w.address].filter(Boolean).join(" · "),
  clock: "", clockTone: "", provisional: false, last: [texts.ticket.at(momentOf(w.accepted_at, now)), w.requester_name, w.requester_phone].filter(Boolean).join("  "),
});
