// What the server makes of a text, put into words: what it is sure of, else what it asks, and why. The thresholds are the server's.

import type { ChoiceView, Named } from "../api/contract";
import { texts } from "../texts";

/** Proposal is what can be taken with one tap. */
export interface Proposal {
  words: string;
  options: { value: string; label: string }[];
  reasons: string[];
}

/** Other is a community that the words name and nobody has chosen. */
export interface Other {
  id: string;
  words: string;
  take: string;
}

const t = texts.proposal;

/** otherOf says of a community that the words name what there is to look at; chosen is whether another has been. */
export const otherOf = (c: Named | undefined, chosen: boolean): Other | null => (c ? { id: c.id, words: texts.otherCommunity.head(c.name, chosen), take: texts.otherCommunity.take(c.name, chosen) } : null);


/** proposalOf is what is proposed for one part of a class; nothing where the text says nothing of it. */
export function proposalOf(c: ChoiceView): Proposal | undefined {
  const options = c.ask ? c.options : c.value ? [{ value: c.value, label: c.label ?? c.value }] : [];
  if (!options.length) return undefined;
  const reasons = c.opinions.filter((o) => o.reasons.length && options.some((x) => x.value === o.value)).map((o) => t.reason(o.source_label, o.reasons, c.ask ? o.label : ""));
  return { words: c.ask ? t.ask : c.probability >= 0.8 ? t.surely : t.likely, options: options.map(({ value, label }) => ({ value, label })), reasons };
}
