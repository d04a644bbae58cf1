// The copy of what is stored of a resident, as they read it: every field of the answer in words, or left out on purpose.

import type { Enterprise, Location, NoticeItem, OwnData, OwnDeed, OwnFamily, OwnNote, OwnPicture, OwnRating, OwnSession, OwnTicket, OwnWeChat, PrivacyConsent } from "../api/contract";
import { texts } from "../texts";
import { momentOf } from "./when";

const t = texts.copy;

/** Words say each field of something, in this order; null leaves it out: what only machines use. A field that the contract gains does not
 * compile without either. */
type Words<T> = { [K in keyof Required<T>]: readonly [label: string, value: (v: NonNullable<T[K]>) => string] | null };

const plain = String;
const when = (iso: string): string => (iso.startsWith("0001") ? "" : momentOf(iso, new Date(0))); // with its year
const yes = (v: boolean): string => (v ? t.yes : t.no);
const only = (said: string) => (v: boolean): string => (v ? said : "");

/** said puts a thing into words, a line each. */
function said<T extends object>(words: Words<T>, of: T): string[] {
  return (Object.keys(words) as (keyof T)[]).flatMap((k) => {
    const [label, value] = words[k] ?? [];
    const shown = of[k] === undefined || !value ? "" : value(of[k] as NonNullable<T[keyof T]>);
    return label !== undefined && shown ? [label ? t.item(label, shown) : shown] : [];
  });
}
const inLine = <T extends object>(words: Words<T>) => (of: T): string => said(words, of).join(t.or);

const location: Words<Location> = { name: ["", plain], address: ["", plain], latitude: null, longitude: null, accuracy: null };
const placed = (l: Location): string => [inLine(location)(l), t.point(l.latitude, l.longitude)].filter(Boolean).join(t.or);
const note: Words<OwnNote> = { at: ["", when], text: ["", plain] };
const rating: Words<OwnRating> = { at: ["", when], rating: ["", (v) => (texts.case.rating as Record<string, string>)[v] ?? ""], from: ["", (v) => t.from[v] ?? ""], words: ["", plain] };
const ticket: Words<OwnTicket> = {
  order_no: [t.orderNo, plain], source: [t.source, (v) => (texts.source as Record<string, string>)[v] ?? ""], accepted_at: [t.accepted, when], name: [t.name, plain], phone: [t.phone, plain], id_number: [t.idNumber, plain], address: [t.place, plain],
  location: [t.location, placed], title: [t.head, plain], content: [t.content, plain], notes: [t.notes, (v) => v.map(inLine(note)).join("\n")], ratings: [t.ratings, (v) => v.map(inLine(rating)).join("\n")], masked: ["", only(t.masked)],
};
const deed: Words<OwnDeed> = { at: [t.at, when], number: [t.number, plain], text: [t.text, plain] };
const pictureOf = (server: string): Words<OwnPicture> => ({
  name: [t.file, plain], at: [t.at, when], with_label: [t.with, plain], number: [t.number, plain], review: [t.review, (v) => t.reviews[v] ?? ""], size: [t.size, (v) => t.kb(Math.ceil(v / 1024))], url: [t.url, (v) => server + v], url_until: [t.urlUntil, when], erased: ["", only(t.erased)],
  id: null, with: null, type: null, width: null, height: null, thumb_url: null, public: null, by: null, // the picture has its own; who may see it and who brought it is said of others'
});
const notice: Words<NoticeItem> = { created_at: [t.at, when], number: [t.number, plain], title: [t.subject, plain], text: [t.text, plain], urgent: ["", only(t.urgent)], for: [t.person, (v) => v.name], read_at: [t.readAt, when], id: null, case_id: null, ticket_id: null, kind: null };
const family: Words<OwnFamily> = { given: [t.given, (v) => (v ? t.mine : t.theirs)], relation: [t.relation, (v) => (texts.family.relations as Record<string, string>)[v] ?? ""], made_at: [t.madeAt, when], ended_at: [t.ended, when] };
const session: Words<OwnSession> = { started_at: [t.started, when], seen_at: [t.seen, when], ended_at: [t.ended, when], agent: [t.agent, plain], address: [t.address, plain] };
const enterprise: Words<Enterprise> = { name: [t.company, plain], credit_code: [t.creditCode, plain], bound_at: [t.boundAt, when] };
const consent: Words<PrivacyConsent> = { version: [t.version, plain], at: [t.at, when], hash: null }; // the version names the text
const weChat: Words<OwnWeChat> = { joined_at: [t.joined, when], seen_at: [t.seen, when], follows: [t.follows, yes] };

const each = <T extends object>(words: Words<T>) => (list: T[]): string[] => list.map((x) => said(words, x).join("\n"));

/** copyOf is the whole copy. server is the address that links to pictures begin with. */
export function copyOf(data: OwnData, now: Date, server: string): string {
  const parts: { [K in keyof OwnData]-?: (v: OwnData[K]) => string[] } = {
    phones: (v) => [v.join("\n")], enterprises: each(enterprise), wechat: (v) => [said(weChat, v).join("\n")], tickets: each(ticket), deeds: each(deed), pictures: each(pictureOf(server)), notices: each(notice), family: each(family), consents: each(consent), sessions: each(session),
  };
  const sections = (Object.keys(parts) as (keyof OwnData)[]).map((k) => [`【${t.of[k]}】`, ...((parts[k] as (v: unknown) => string[])(data[k]).filter(Boolean).join("\n\n") || t.none).split("\n")].join("\n"));
  return [t.title(momentOf(now.toISOString(), new Date(0))), ...sections].join("\n\n");
}
