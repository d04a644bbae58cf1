// Ids that no other phone makes: the time, and enough chance behind it.

const letters = "0123456789abcdefghijklmnopqrstuvwxyz";

/** newId makes one; random is between 0 and 1. */
export function newId(now: Date, random: () => number): string {
  let chance = "";
  for (let i = 0; i < 16; i++) chance += letters[Math.floor(random() * letters.length)];
  return `${now.getTime().toString(36)}-${chance}`;
}
