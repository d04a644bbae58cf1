// The form of a command. Its fields come from lib/forms; what is wrong with them the server says, at the field. What was typed is kept
// at every stroke, and goes through the queue: without a network it waits on the phone.

import type { CaseView, Directory, Location, TicketView, TopicBranch } from "../../api/contract";
import { messageOf, Refused } from "../../api/problem";
import { look } from "../../look";
import { directory, handlersOf, type Choice } from "../../lib/directory";
import { found, type Near } from "../../lib/people";
import { forms, type Field, type Form } from "../../lib/forms";
import { addTo, dropFrom } from "../../lib/photos";
import type { Photo, Queueable } from "../../lib/queue";
import { Question } from "../../lib/subscribe";
import { topics } from "../../lib/topics";
import { momentOf } from "../../lib/when";
import { client, drafts, me, now, queue, signedIn } from "../../services";
import { texts } from "../../texts";

interface Member { person_id: string; name: string; duty: string; due_at: string; due_on: string; due: string; wrong?: string }
interface Shown extends Field {
  value: unknown;
  /** What a choice shows. */
  text: string;
  range: Choice[];
  at: number;
  date: string;
  time: string;
  wrong: string;
  members: Member[];
  /** Whom a search found, or who is near: of people alone. */
  query: string;
  found: Choice[];
  /** Where a ticket's number is from, and what is said of looking for it: of a ticket to attach alone. */
  source: TicketView["source"];
  said: string;
}

const sources = Object.entries(texts.source).map(([id, name]) => ({ id, name }));
const most = 100; // tickets of a case to choose from

/** dueOf is how a due is shown and chosen: a day of Shanghai's. */
const dueOf = (due: string) => ({ due_on: new Date(Date.parse(due) + 8 * 3600_000).toISOString().slice(0, 10), due: momentOf(due, now()) });

Page({
  behaviors: [look],
  data: { place: texts.place, location: null as Location | null, t: texts.command, sources, common: texts.common, loading: true, failed: "", head: "", number: "", task: "", here: false, fields: [] as Shown[], photos: [] as Photo[], takesPhotos: false, restored: false, busy: false, message: "", submit: texts.command.submit as string },
  name: "",
  id: "",
  target: "",
  form: undefined as Form | undefined,
  shown: undefined as CaseView | undefined,
  people: undefined as Directory | undefined,
  topics: [] as TopicBranch[],
  held: [] as Choice[], // the case's tickets
  near: [] as Choice[], // cases that may be the same
  given: {} as Record<string, unknown>,
  there: undefined as string | undefined, // when the first photo of an on-site record was taken
  question: undefined as Question | undefined,

  onLoad(query: Record<string, string | undefined>) {
    this.question = new Question("handle"); // here, not above: WeChat copies what stands in a page
    this.id = query.id ?? "";
    this.name = query.name ?? "";
    this.target = query.target ?? "";
    this.form = forms[this.name];
    if (query.rating) this.given = { rating: query.rating };
    if (signedIn()) void this.load();
  },

  async load() {
    this.setData({ loading: true, failed: "" });
    try {
      const wantsPeople = this.form?.fields.some((f) => ["department", "handler", "person", "grid", "community", "members", "leaving"].includes(f.kind));
      const wants = (kind: string) => this.form?.fields.some((f) => f.kind === kind);
      const wantsTopics = wants("topic");
      const [c, people, all] = await Promise.all([client.call("get_case", { path: { id: this.id } }), wantsPeople ? directory() : undefined, wantsTopics ? topics() : []]);
      if (wants("held")) this.held = (await client.call("list_case_tickets", { path: { id: this.id }, query: { limit: most } })).items.map((x) => ({ id: x.id, name: `${x.order_no} ${(x.content || x.title || "").slice(0, 40)}` }));
      if (wants("case")) this.near = await this.alike(c);
      this.people = people;
      this.topics = all;
      if (this.name !== "rate") void this.question?.prepare();
      this.open(c);
    } catch (e) {
      this.setData({ loading: false, failed: messageOf(e) });
    }
  },

  /** alike are open cases that may be the same as one; without an answer there is none to propose. */
  async alike(c: CaseView): Promise<Choice[]> {
    try {
      const { items } = await client.call("find_similar", { body: { title: c.title, content: c.facts || undefined, address: c.place } });
      return items.flatMap((s) => (s.case_number && s.case_id !== c.id && s.attachable ? [{ id: s.case_number, name: `${s.case_number} ${s.title}` }] : []));
    } catch {
      return [];
    }
  },

  /** open lays the form out, with what was typed before. */
  open(c: CaseView) {
    this.shown = c;
    const draft = drafts.get(me()?.id ?? "", this.key());
    const values = { ...draft?.values, ...this.given };
    const allowed = c.allowed.find((a) => a.name === this.name);
    const title = allowed?.label ?? texts.command.title;
    const task = c.tasks.find((x) => x.id === this.target);
    const here = this.name === "finish_task" && task?.kind === "onsite";
    this.there = draft?.values.there as string | undefined;
    void wx.setNavigationBarTitle({ title });
    this.setData({
      location: (draft?.values.location as Location | undefined) ?? null, here, task: task?.text ?? (this.name === "ask_onsite" && c.on_site_by ? texts.command.goesTo(c.on_site_by) : ""), loading: false, head: c.title, number: c.number, submit: title, takesPhotos: Boolean(this.form?.photos), photos: draft?.photos ?? [], restored: Boolean(draft),
      fields: (this.form?.fields ?? []).filter((f) => !allowed || ((!f.for || f.for === allowed.as.role) && f.not !== allowed.as.role)).map((f) => this.show(f, values[f.name] ?? this.first(f, c), c, values)),
    });
  },
  key() {
    return `${this.name}/${this.id}/${this.target}`;
  },

  /** first is what stands in a field before anybody has typed. */
  first(f: Field, c: CaseView): unknown {
    switch (f.from) {
      case "due": return c.clock?.due_at;
      case "now": return now().toISOString();
      case "lead": return c.lead_department?.id ?? c.suggested_department?.id;
      case "outcome": return c.submission?.outcome;
      case "grid": return c.grid?.id;
      case "community": return c.community?.id;
      case "domain": case "reach": case "scope": case "topic": return c[f.from];
      default: return f.kind === "yes" ? false : f.kind === "members" || f.kind === "leaving" ? [] : undefined;
    }
  },

  show(f: Field, value: unknown, c: CaseView, values: Record<string, unknown>): Shown {
    const range = this.range(f, c, values);
    let chosen = value;
    if (f.kind === "handler" && chosen === undefined && this.name !== "assign" && this.name !== "amend") chosen = range[0]?.id;
    const at = range.findIndex((r) => r.id === chosen);
    const moment = f.kind === "moment" && typeof chosen === "string" ? new Date(Date.parse(chosen) + 8 * 3600_000).toISOString() : "";
    const members = f.kind === "members" ? (chosen as Member[]) : [];
    return { ...f, value: chosen, range: f.kind === "leaving" ? range.map((r) => ({ ...r, on: (chosen as string[]).includes(r.id) })) : range, at, source: "hotline", said: "", query: "", found: this.found(f, "", members, c, values), text: range[at]?.name ?? "", date: f.kind === "day" ? String(chosen ?? "") : moment.slice(0, 10), time: moment.slice(11, 16), wrong: "", members };
  },

  range(f: Field, c: CaseView, values: Record<string, unknown>): Choice[] {
    const d = this.people;
    switch (f.kind) {
      case "choice": case "whether": return f.choices ?? [];
      case "held": return this.held;
      case "case": return this.near;
      case "leaving": return c.task_force?.members.map((m) => ({ id: m.person_id, name: d?.people.find((p) => p.id === m.person_id)?.name ?? m.person_id })) ?? [];
      case "topic": return this.topics.flatMap((b) => b.topics.map((leaf) => ({ id: leaf.value, name: `${b.name} / ${leaf.name}` })));
      case "department": return d?.departments.map(({ id, name }) => ({ id, name })) ?? [];
      case "grid": return d?.grids ?? [];
      case "community": return d?.communities.map(({ id, name }) => ({ id, name })) ?? [];
      case "person": case "members": return d?.people.map((p) => ({ id: p.id, name: `${p.name} ${p.posts[0]?.label ?? ""}` })) ?? [];
      case "handler": {
        const own = me()?.posts.find((p) => p.role === "department_head")?.unit;
        const of = (values.lead_department_id as string) ?? (this.name === "claim" ? own : c.lead_department?.id) ?? own ?? "";
        return d ? handlersOf(d, of, c.handler?.id) : [];
      }
      default: return [];
    }
  },

  /** found are the people to choose from in a field. */
  found(f: Field, query: string, members: Member[], c: CaseView, values: Record<string, unknown>): Choice[] {
    if (!this.people || (f.kind !== "person" && f.kind !== "members")) return [];
    const department = (values.lead_department_id as string) ?? (this.data.fields.find((x) => x.name === "lead_department_id")?.value as string) ?? c.lead_department?.id;
    const near: Near = f.name === "coordinator_id" ? { role: "coordinator" } : { department, grid: c.grid?.id, community: c.community?.id };
    const already = f.name === "add" ? (c.task_force?.members.map((m) => m.person_id) ?? []) : [];
    return found(this.people, query, near, [...already, ...members.map((m) => m.person_id)]);
  },
  sought(e: WechatMiniprogram.CustomEvent<{ value: string }>) {
    const at = Number(e.currentTarget.dataset.at);
    const f = this.data.fields[at];
    if (!this.shown) return;
    f.query = e.detail.value; // not drawn again: the keyboard has it
    this.setData({ [`fields[${at}].found`]: this.found(f, f.query, f.members, this.shown, {}) });
  },
  pickPerson(e: WechatMiniprogram.TouchEvent<object, object, { at: number; id: string; name: string }>) {
    const { at, id, name } = e.currentTarget.dataset;
    const f = this.data.fields[at];
    if (f.kind === "person") return this.set(at, id);
    const due = this.shown?.clock?.due_at ?? now().toISOString();
    this.set(at, [...f.members, { person_id: id, name, duty: "", due_at: due, ...dueOf(due) }]);
  },
  unpickPerson(e: WechatMiniprogram.TouchEvent<object, object, { at: number }>) {
    this.set(e.currentTarget.dataset.at, undefined);
  },

  set(at: number, value: unknown) {
    const c = this.shown;
    if (!c) return;
    const fields = this.data.fields.slice();
    fields[at] = this.show(fields[at], value, c, {});
    if (fields[at].name === "lead_department_id") {
      const h = fields.findIndex((f) => f.name === "handler_id");
      if (h >= 0) fields[h] = this.show(fields[h], undefined, c, { lead_department_id: value });
      for (const f of fields) f.found = this.found(f, "", f.members, c, { lead_department_id: value });
    }
    this.setData({ fields, message: "" });
    this.keep();
  },
  typed(e: WechatMiniprogram.CustomEvent<{ value: string }>) {
    const at = Number(e.currentTarget.dataset.at);
    this.data.fields[at].value = e.detail.value; // not drawn again: the keyboard has it
    if (this.data.message && !this.data.fields.some((f) => f.wrong || f.members.some((m) => m.wrong))) this.setData({ message: "" }); // said of what stood there
    if (this.data.fields[at].wrong) this.setData({ [`fields[${at}].wrong`]: "", message: this.data.fields.some((f, i) => (i !== at && f.wrong) || f.members.some((m) => m.wrong)) ? this.data.message : "" });
    this.keep();
  },
  picked(e: WechatMiniprogram.CustomEvent<{ value: string }>) {
    const at = Number(e.currentTarget.dataset.at);
    this.set(at, this.data.fields[at].range[Number(e.detail.value)]?.id);
  },
  tapped(e: WechatMiniprogram.TouchEvent<object, object, { at: number; id: string }>) {
    this.set(e.currentTarget.dataset.at, e.currentTarget.dataset.id);
  },
  toggled(e: WechatMiniprogram.CustomEvent<{ value: boolean }>) {
    this.set(Number(e.currentTarget.dataset.at), e.detail.value);
  },
  dated(e: WechatMiniprogram.CustomEvent<{ value: string }>) {
    const at = Number(e.currentTarget.dataset.at);
    const { kind, time } = this.data.fields[at];
    this.set(at, kind === "day" ? e.detail.value : new Date(`${e.detail.value}T${time || "17:00"}:00+08:00`).toISOString());
  },
  timed(e: WechatMiniprogram.CustomEvent<{ value: string }>) {
    const at = Number(e.currentTarget.dataset.at);
    const date = this.data.fields[at].date || now().toISOString().slice(0, 10);
    this.set(at, new Date(`${date}T${e.detail.value}:00+08:00`).toISOString());
  },

  /** leaves marks a member as leaving, or as staying. */
  leaves(e: WechatMiniprogram.TouchEvent<object, object, { at: number; id: string }>) {
    const { at, id } = e.currentTarget.dataset;
    const leaving = this.data.fields[at].value as string[];
    this.set(at, leaving.includes(id) ? leaving.filter((x) => x !== id) : [...leaving, id]);
  },

  /** from says where a ticket's number is from; find looks for the ticket. */
  from(e: WechatMiniprogram.TouchEvent<object, object, { at: number; id: TicketView["source"] }>) {
    const { at, id } = e.currentTarget.dataset;
    this.setData({ [`fields[${at}].source`]: id, [`fields[${at}].query`]: this.data.fields[at].query });
  },
  numbered(e: WechatMiniprogram.CustomEvent<{ value: string }>) {
    this.data.fields[Number(e.currentTarget.dataset.at)].query = e.detail.value; // not drawn again: the keyboard has it
  },
  async find(e: WechatMiniprogram.TouchEvent<object, object, { at: number }>) {
    const { at } = e.currentTarget.dataset;
    const { query, source } = this.data.fields[at];
    if (!query.trim()) return;
    try {
      const { items: [ticket] } = await client.call("list_tickets", { query: { source, order_no: query.trim() } });
      const said = !ticket ? texts.command.foundNone : ticket.case_id ? texts.command.inCase : "";
      this.setData({ [`fields[${at}].query`]: query, [`fields[${at}].said`]: said, [`fields[${at}].text`]: ticket ? `${ticket.order_no} ${ticket.title || ticket.content || ""}` : "", [`fields[${at}].value`]: ticket && !ticket.case_id ? ticket.id : undefined, message: "" });
    } catch (err) {
      this.setData({ message: messageOf(err) });
    }
  },

  dropMember(e: WechatMiniprogram.TouchEvent<object, object, { at: number; no: number }>) {
    const { at, no } = e.currentTarget.dataset;
    this.set(at, this.data.fields[at].members.filter((_, i) => i !== no));
  },
  dutyTyped(e: WechatMiniprogram.CustomEvent<{ value: string }>) {
    const { at, no } = e.currentTarget.dataset as { at: number; no: number };
    this.data.fields[at].members[no].duty = e.detail.value;
    if (this.data.fields[at].members[no].wrong) this.setData({ [`fields[${at}].members[${no}].wrong`]: "", message: this.data.fields.some((f, i) => f.wrong || f.members.some((m, j) => m.wrong && (i !== at || j !== no))) ? this.data.message : "" });
    this.keep();
  },

  /** memberDated sets the day by which a member's duty is due, at the hour at which the stage ends. */
  memberDated(e: WechatMiniprogram.CustomEvent<{ value: string }>) {
    const { at, no } = e.currentTarget.dataset as { at: number; no: number };
    const hour = this.shown?.clock?.due_at.slice(10) ?? "T09:00:00Z";
    const due = new Date(Date.parse(e.detail.value + hour)).toISOString();
    this.set(at, this.data.fields[at].members.map((m, i) => (i === no ? { ...m, due_at: due, ...dueOf(due) } : m)));
  },

  async addPhotos() {
    await addTo(this, this.data.here);
    if (this.data.here && this.data.photos.length) this.there ??= now().toISOString();
    this.keep();
  },
  dropPhoto(e: WechatMiniprogram.TouchEvent<object, object, { at: number }>) {
    if (this.data.photos.length === 1) this.there = undefined;
    dropFrom(this, e.currentTarget.dataset.at);
  },
  placed(e: WechatMiniprogram.CustomEvent<{ value: Location | null }>) {
    this.setData({ location: e.detail.value });
    this.keep();
  },
  keep() {
    drafts.keep(me()?.id ?? "", this.key(), { ...Object.fromEntries(this.data.fields.map((f) => [f.name, f.kind === "members" ? f.members.map((m) => ({ ...m, wrong: undefined })) : f.value])), ...(this.there ? { there: this.there } : {}), location: this.data.location ?? undefined }, this.data.photos);
  },

  async send() {
    const c = this.shown;
    const person = me()?.id;
    if (!c || !person || !this.form || this.data.busy) return;
    const body: Record<string, unknown> = { version: c.version };
    for (const f of this.data.fields) {
      if (f.kind === "evidence") body[f.name] = f.value ? [f.value] : [];
      else if (f.kind === "members") body[f.name] = f.members.map(({ person_id, duty, due_at }) => ({ person_id, duty, due_at }));
      else if (f.value !== undefined && f.value !== "") body[f.name] = f.kind === "whether" ? f.value === "yes" : f.value;
    }
    if (this.form.target) body[this.form.target] = this.target;
    if (this.there) body.on_site_at = this.there;
    if (this.data.location) body.location = this.data.location;
    this.setData({ busy: true, message: "", fields: this.data.fields.map((f) => ({ ...f, wrong: "", members: f.members.map((m) => ({ ...m, wrong: "" })) })) });
    try {
      const out = await queue.give({ person, operation: `case_${this.name}` as Queueable, path: { id: c.id }, body: body as never, photos: this.data.photos, photosAs: this.form.photos, title: `${c.title} · ${this.data.submit}` });
      drafts.drop(person, this.key());
      if (out.state === "done") this.question?.owe();
      await wx.navigateBack({ delta: out.state === "done" && (out.answer as { case?: CaseView }).case?.masked ? 2 : 1 }); // what is not mine any more is not shown again
      void wx.showToast({ title: out.state === "waiting" ? texts.queue.kept : this.name === "rate" ? (body.rating === "dissatisfied" ? texts.case.ratingNoted : texts.case.ratingThanks) : texts.case.done, icon: "none" });
    } catch (e) {
      this.wrong(e);
    } finally {
      this.setData({ busy: false });
    }
  },

  /** wrong says what the server has against it, at the fields that it names. */
  wrong(e: unknown) {
    this.setData({ message: e instanceof Refused && e.conflict ? texts.command.conflict : messageOf(e) });
    if (!(e instanceof Refused)) return;
    if (e.conflict) void client.call("get_case", { path: { id: this.id } }).then((c) => (this.shown = c), () => undefined);
    const said = (e.problem.fields ?? []).map((f) => ({ name: f.name.replace(/[.[].*$/, ""), member: Number(/\[(\d+)\]/.exec(f.name)?.[1] ?? -1), message: f.message }));
    const of = (name: string, member: number) => said.find((x) => x.name === name && x.member === member)?.message ?? "";
    this.setData({
      fields: this.data.fields.map((f) => {
        const members = f.members.map((m, i) => ({ ...m, wrong: of(f.name, i) }));
        return { ...f, members, wrong: members.some((m) => m.wrong) ? "" : (said.find((x) => x.name === f.name)?.message ?? "") };
      }),
    });
    if (said.length && said.every(({ name }) => this.data.fields.some((f) => f.name === name))) this.setData({ message: texts.command.fields });
    if (this.data.fields.some((f) => f.wrong || f.members.some((m) => m.wrong))) void wx.pageScrollTo({ selector: ".has-wrong" });
  },
});
