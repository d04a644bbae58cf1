import assert from "node:assert/strict";
import { test } from "node:test";
import { proposalOf } from "../src/lib/proposal";
import { texts } from "../src/texts";

const option = (value: string, probability: number) => ({ value, label: value, probability });
const opinion = (value: string, reasons: string[]) => ({ source: "lexicon" as const, source_label: "词库", value, label: value, probability: 0.5, reasons });

test("what is sure is one to take, with the reasons for it alone", () => {
  const c = { value: "a", label: "甲", probability: 0.8, ask: false, options: [option("a", 0.8), option("b", 0.1)], opinions: [opinion("a", ["电梯", "停运"]), opinion("b", ["楼上"])] };
  assert.deepEqual(proposalOf(c), { words: texts.proposal.surely, options: [{ value: "a", label: "甲" }], reasons: ["依据词库：电梯、停运"] });
  assert.equal(proposalOf({ ...c, probability: 0.79 })?.words, texts.proposal.likely);
});

test("below the server's threshold it asks among the options, however probable the first, and says what speaks for which", () => {
  const c = { value: "a", label: "甲", probability: 0.95, ask: true, options: [option("a", 0.95), option("b", 0.3)], opinions: [opinion("b", ["漏水"]), opinion("c", ["别的"]), opinion("a", [])] };
  assert.deepEqual(proposalOf(c), { words: texts.proposal.ask, options: [{ value: "a", label: "a" }, { value: "b", label: "b" }], reasons: ["b，依据词库：漏水"] });
});

test("where the text says nothing, nothing is proposed", () => {
  assert.equal(proposalOf({ probability: 0, ask: true, options: [], opinions: [] }), undefined);
  assert.equal(proposalOf({ probability: 0, ask: false, options: [option("a", 0)], opinions: [] }), undefined);
});
