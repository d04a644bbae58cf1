// What requesters say beside a ticket, as pages show it. The words are the server's.

import type { NoteView } from "../api/contract";
import { momentOf } from "./when";

/** Note is one line of it. */
export interface Note {
  id: string;
  at: string;
  text: string;
  meta: string;
  pictures: { id: string; url: string; thumb: string }[];
}

/** noteOf puts a note into words. */
export const noteOf = (n: NoteView, now: Date): Note => ({
  id: n.id, at: n.at, text: n.text ?? "", meta: [momentOf(n.at, now), n.kind_label, n.state_label].filter(Boolean).join(" · "),
  pictures: n.pictures.map((p) => ({ id: p.id, url: p.url, thumb: p.thumb_url ?? p.url })),
});
