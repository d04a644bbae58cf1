// How instants are shown. Deadlines, remaining working days and everything else that is counted come from the server
// ready to show; this only writes a time of day or a date in Shanghai, whatever the phone's own zone.

import { texts } from "../texts";

const shanghai = 8 * 3600 * 1000;

const at = (iso: string): Date => new Date(Date.parse(iso) + shanghai);
const two = (n: number): string => String(n).padStart(2, "0");

/** dayOf writes a date: 11月25日, with the year when it is not this one. */
export function dayOf(iso: string, now: Date): string {
  const d = at(iso);
  const year = d.getUTCFullYear() === new Date(now.getTime() + shanghai).getUTCFullYear() ? "" : texts.date.year(d.getUTCFullYear());
  return year + texts.date.day(d.getUTCMonth() + 1, d.getUTCDate());
}

/** momentOf writes a date and a time of day: 11月25日 17:00. */
export function momentOf(iso: string, now: Date): string {
  const d = at(iso);
  return `${dayOf(iso, now)} ${two(d.getUTCHours())}:${two(d.getUTCMinutes())}`;
}
