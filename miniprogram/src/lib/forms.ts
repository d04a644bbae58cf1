// What each command asks for on a phone. The names are the contract's, so a field that is no longer there does not compile; which of
// them are required, how long they may be and whether they make sense the server decides, and says at the field.

import type { Operations } from "../api/contract";
import { texts } from "../texts";

/** Kind of a field: how it is filled in. */
export type Kind = "line" | "long" | "choice" | "whether" | "yes" | "department" | "handler" | "person" | "grid" | "community" | "moment" | "day" | "members" | "evidence" | "topic" | "leaving" | "held" | "ticket" | "case";

/** Field of a form. */
export interface Field {
  name: string;
  kind: Kind;
  label: string;
  hint?: string;
  /** Only for who gives the command in this post. */
  for?: "department_head";
  /** Only for who gives it in another. */
  not?: "department_head";
  choices?: { id: string; name: string }[];
  /** What stands in it at first: the case's own, or its deadline. */
  from?: "lead" | "due" | "now" | "grid" | "community" | "domain" | "reach" | "scope" | "topic" | "outcome";
}

/** Form of a command. */
export interface Form {
  fields: Field[];
  /** The field of the body that takes photos. */
  photos?: "attachments" | "evidence";
  /** The field of the body that names what the command is about. */
  target?: "task_id" | "order_id";
}

type CommandOf<K> = K extends `case_${infer N}` ? N : never;
type BodyOf<N extends string> = Operations[Extract<keyof Operations, `case_${N}`>]["body"];
type FormOf<N extends string> = Omit<Form, "fields"> & { fields: (Omit<Field, "name"> & { name: Exclude<keyof BodyOf<N>, "version"> })[] };

const t = texts.forms;
const choices = (of: Record<string, string>) => Object.entries(of).map(([id, name]) => ({ id, name }));
const reason = { name: "reason", kind: "long", label: t.reason } as const;
const outcome = { name: "outcome", kind: "choice", label: t.outcome, choices: choices(texts.case.outcome) } as const;

const checked: { [N in CommandOf<keyof Operations>]?: FormOf<N> } = {
  return: { fields: [{ ...reason, label: t.returnReason }, { name: "duty_item", kind: "line", label: t.dutyItem, hint: t.dutyItemHint }, { name: "suggested_department_id", kind: "department", label: t.suggested }] },
  transfer: { fields: [{ name: "lead_department_id", kind: "department", label: t.lead }, reason] },
  dispatch: { fields: [{ name: "lead_department_id", kind: "department", label: t.lead, from: "lead" }, { name: "note", kind: "long", label: t.note }] },
  register: { fields: [{ name: "reason", kind: "long", label: t.registerReason }] },
  classify: {
    fields: [
      { name: "domain", kind: "choice", label: t.domain, choices: choices(texts.domain), from: "domain" }, { name: "topic", kind: "topic", label: t.topic, from: "topic" }, { name: "scope", kind: "choice", label: t.scope, choices: choices(t.scopes), from: "scope" },
      { name: "reach", kind: "choice", label: t.reach, choices: choices(t.reaches), from: "reach" }, { name: "grid_id", kind: "grid", label: t.grid, from: "grid" }, { name: "community_id", kind: "community", label: t.community, from: "community" },
    ],
  },
  assign: { fields: [{ name: "handler_id", kind: "handler", label: t.handler, for: "department_head" }, { name: "coordinator_id", kind: "person", label: t.coordinator, not: "department_head" }] },
  attach: { fields: [{ name: "ticket_id", kind: "ticket", label: t.ticket, hint: t.ticketHint }] },
  detach: { fields: [{ name: "ticket_id", kind: "held", label: t.held }, { ...reason, label: t.detachReason }] },
  merge: { fields: [{ name: "target_id", kind: "case", label: t.mergeInto, hint: t.mergeHint }, { ...reason, label: t.mergeReason }] },
  split: { fields: [reason] },
  reject: { fields: [reason] },
  claim: { fields: [{ name: "handler_id", kind: "handler", label: t.handler }] },
  take: { fields: [{ name: "note", kind: "long", label: t.takeNote }] },
  open_at_ii: { fields: [{ ...reason, label: t.noLead }] },
  open_at_i: { fields: [{ name: "ground", kind: "choice", label: t.ground, choices: choices(t.grounds) }, { ...reason, label: t.situation }] },
  coordinate: { fields: [{ name: "opinion", kind: "long", label: t.opinion }] },
  contact: { fields: [{ name: "reached", kind: "whether", label: t.reached, choices: choices(t.reachedOr) }, { name: "said", kind: "long", label: t.said }, { name: "at", kind: "moment", label: t.at, from: "now" }] },
  ask_support: { fields: [{ name: "department_id", kind: "department", label: t.support }, { name: "task", kind: "long", label: t.task }, { name: "due_at", kind: "moment", label: t.due, from: "due" }] },
  finish_task: { target: "task_id", photos: "evidence", fields: [{ name: "result", kind: "long", label: t.taskResult }] },
  decline_task: { target: "task_id", fields: [reason] },
  withdraw_task: { target: "task_id", fields: [reason] },
  progress: { photos: "attachments", fields: [{ name: "text", kind: "long", label: t.progress }, { name: "public", kind: "yes", label: t.public }] },
  convene: {
    photos: "attachments",
    fields: [
      { name: "minutes", kind: "long", label: t.minutes }, { name: "lead_department_id", kind: "department", label: t.lead, from: "lead" }, { name: "handler_id", kind: "handler", label: t.handler }, { name: "leader_id", kind: "person", label: t.leader },
      { name: "members", kind: "members", label: t.members }, { name: "plan", kind: "long", label: t.plan },
    ],
  },
  amend: {
    fields: [
      { ...reason, label: t.amendReason }, { name: "lead_department_id", kind: "department", label: t.newLead }, { name: "handler_id", kind: "handler", label: t.newHandler }, { name: "leader_id", kind: "person", label: t.newLeader },
      { name: "add", kind: "members", label: t.add }, { name: "remove", kind: "leaving", label: t.leaving }, { name: "plan", kind: "long", label: t.newPlan },
    ],
  },
  submit: { photos: "evidence", fields: [{ name: "result", kind: "long", label: t.result }, outcome, { name: "answer", kind: "long", label: t.answer, hint: t.answerHint }, { name: "evidence", kind: "evidence", label: t.evidence, hint: t.evidenceHint }] },
  ask_onsite: { photos: "attachments", fields: [{ name: "question", kind: "long", label: t.question }, { name: "due_at", kind: "moment", label: t.due, from: "due" }] },
  verify_pass: { photos: "attachments", fields: [{ name: "finding", kind: "long", label: t.finding }, { ...outcome, from: "outcome" }] },
  verify_fail: { photos: "attachments", fields: [{ name: "finding", kind: "long", label: t.finding }] },
  escalate: { fields: [{ ...reason, label: t.escalateReason }] },
  rate: { photos: "attachments", fields: [{ name: "rating", kind: "choice", label: texts.case.ratingQuestion, choices: choices(texts.case.rating) }, { name: "words", kind: "long", label: t.words }] },
  confirm_dissatisfaction: { fields: [{ name: "record", kind: "long", label: t.record }] },
  dismiss_dissatisfaction: { fields: [{ name: "record", kind: "long", label: t.record }] },
  strike_off: { fields: [{ name: "decision", kind: "long", label: t.decision }] },
  carry_over: { fields: [{ name: "decision", kind: "long", label: t.decision }] },
  hold_over: { fields: [reason, { name: "target_on", kind: "day", label: t.targetOn }] },
  remind: { fields: [{ name: "text", kind: "long", label: t.remind }] },
  supervise: { fields: [{ name: "text", kind: "long", label: t.order }, { name: "due_at", kind: "moment", label: t.due, from: "due" }] },
  answer: { target: "order_id", fields: [{ name: "answer", kind: "long", label: t.orderAnswer }] },
};

/** forms has the form of each command that can be given on a phone. */
export const forms = checked as Partial<Record<string, Form>>;
