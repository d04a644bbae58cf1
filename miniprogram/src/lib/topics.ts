// The street's topics, in two levels. Kept on the phone, as the directory is.

import type { TopicBranch } from "../api/contract";
import { client, store } from "../services";

const key = "cache/topics";

/** keptTopics are the topics as last read. */
export const keptTopics = (): TopicBranch[] => store.get<TopicBranch[]>(key) ?? [];

/** topics reads them; without an answer those last read are good enough. */
export async function topics(): Promise<TopicBranch[]> {
  try {
    const { topics: read } = await client.call("list_topics", {});
    store.set(key, read);
    return read;
  } catch (e) {
    const last = keptTopics();
    if (last.length) return last;
    throw e;
  }
}
