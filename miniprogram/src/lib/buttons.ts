// Which of the commands that the server allows come first: one at the thumb, one beside it, the rest behind “更多”. This is an order
// of appearance; what is possible the server has decided.

import type { Allowed } from "../api/contract";
import { texts } from "../texts";
import { forms } from "./forms";

/** Button is a command that can be given now. */
export interface Button {
  name: Allowed["name"];
  label: string;
  /** The task or order that it is about; "" for none. */
  target: string;
}

const first: Allowed["name"][] = ["accept", "accept_task", "finish_task", "answer", "register", "dispatch", "convene", "contact", "submit", "verify_pass", "claim", "confirm_dissatisfaction", "strike_off", "hold_over", "take", "coordinate", "supervise", "classify", "progress"];
const beside: Allowed["name"][] = ["return", "decline_task", "verify_fail", "reject", "open_at_ii", "progress", "dismiss_dissatisfaction", "carry_over", "remind", "escalate", "split"];
const direct = new Set<Allowed["name"]>(["accept", "accept_task"]);

/** buttonsOf lays the allowed commands out. Each target has its own. done has what was done before and no longer comes first,
 * though it can be done again. called names a target where one command has several. */
export function buttonsOf(allowed: Allowed[], done: ReadonlySet<Allowed["name"]>, called: (target: string) => string = () => ""): { primary: Button | null; second: Button | null; more: Button[] } {
  const buttons: Button[] = [];
  for (const a of allowed) {
    if (!direct.has(a.name) && !(a.name in forms)) continue; // those of the console
    for (const target of a.targets?.length ? a.targets : [""])
      if (!buttons.some((b) => b.name === a.name && b.target === target)) buttons.push({ name: a.name, label: (a.targets?.length ?? 0) > 1 && called(target) ? `${a.label}（${called(target)}）` : (texts.case.short[a.name] ?? a.label), target });
  }
  const take = (order: Allowed["name"][]): Button | null => {
    for (const name of order) {
      const at = buttons.findIndex((b) => b.name === name);
      if (at >= 0) return buttons.splice(at, 1)[0];
    }
    return null;
  };
  // What several tasks have a button of is said with the task: too long to stand beside another.
  const primary = take(first.filter((n) => !done.has(n)));
  const lone = (n: Allowed["name"]): boolean => n === "carry_over" && !primary; // beside 销项 a choice, alone nobody's usual step
  return { primary, second: take(beside.filter((n) => !lone(n) && buttons.filter((b) => b.name === n).length < 2)), more: buttons };
}
