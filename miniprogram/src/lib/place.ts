// Where something is: chosen on WeChat's map, or where the phone is. Both are GCJ-02. Without a network the map stays empty, and where the phone
// is can still be told.

import type { Location } from "../api/contract";
import { messageOf } from "../api/problem";
import { client } from "../services";
import { texts } from "../texts";

/** Unplaced says why there is no place: it was not allowed, or the phone does not know. */
export class Unplaced extends Error {
  constructor(readonly refused: boolean) {
    super(refused ? "refused" : "failed");
  }
}

const why = (e: { errMsg?: string; errno?: number }) => new Unplaced(/auth|privacy|den(y|ied)/i.test(e.errMsg ?? ""));

/** choose asks for a place on WeChat's map; none when the person gives up. */
export async function choose(): Promise<Location | undefined> {
  try {
    const { latitude, longitude, name, address } = await wx.chooseLocation({});
    return { latitude: Number(latitude), longitude: Number(longitude), ...(name ? { name: name.slice(0, 100) } : {}), ...(address ? { address: address.slice(0, 200) } : {}) };
  } catch (e) {
    if (/cancel/.test((e as { errMsg?: string }).errMsg ?? "")) return undefined;
    throw why(e as { errMsg?: string });
  }
}

/** here is where the phone is. */
export async function here(): Promise<Location> {
  try {
    const { latitude, longitude, accuracy } = await wx.getLocation({ type: "gcj02", isHighAccuracy: true, highAccuracyExpireTime: 4000 });
    return { latitude, longitude, ...(accuracy > 0 ? { accuracy: Math.round(accuracy) } : {}) };
  } catch (e) {
    throw why(e as { errMsg?: string });
  }
}

/** show opens a place on WeChat's map. */
export const show = (l: Location): void => void wx.openLocation({ latitude: l.latitude, longitude: l.longitude, name: l.name, address: l.address, scale: 17 }).catch(() => undefined);

/** unmask shows where a requester says it is, once the person has said that they want to: it is written down. */
export async function unmask(ticket: string): Promise<void> {
  const { confirm } = await wx.showModal({ content: texts.place.unmaskSure, confirmText: texts.common.ok, cancelText: texts.common.cancel });
  if (!confirm) return;
  try {
    const { location } = await client.call("unmask_ticket", { path: { id: ticket }, body: { fields: ["location"], reason: texts.place.reason } });
    if (location) show(location);
  } catch (e) {
    void wx.showToast({ title: messageOf(e), icon: "none" });
  }
}
