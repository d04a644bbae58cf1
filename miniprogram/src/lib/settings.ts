// What people set on this phone. 长辈版 follows WeChat's own font size until somebody chooses.

import type { Store } from "./store";

const key = "settings/elder";
/** From this size of WeChat's text on it is 长辈版 by itself: one step above the middle of its scale (17). */
const large = 20;

/** elder says whether to show 长辈版; fontSize is WeChat's text in px. */
export function elder(store: Store, fontSize: number): boolean {
  return store.get<boolean>(key) ?? fontSize >= large;
}

/** setElder remembers the choice. */
export function setElder(store: Store, on: boolean): void {
  store.set(key, on);
}
