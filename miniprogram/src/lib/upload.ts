// Photos on their way to the server: begun once per key, then the parts that the server does not have yet, then
// completed. Each of these may be repeated, so an upload that broke off goes on where it was.

import type { Client } from "../api/client";
import { Refused } from "../api/problem";
import { texts } from "../texts";
import type { Photo } from "./queue";

/** Files reads what lies on the phone; it rejects when a file is gone. */
export interface Files {
  read(file: string, position: number, length: number): Promise<ArrayBuffer>;
}

const partTime = 60_000;

/** upload brings a photo to the server and gives the id of the attachment. */
export async function upload(client: Client, files: Files, photo: Photo): Promise<string> {
  const begun = await client.call("start_upload", { body: { size: photo.size, name: photo.name } }, { key: photo.key });
  // The answer to a repeated key is the upload as it was begun: what it has by now is asked.
  const now = await client.call("get_upload", { path: { id: begun.id } });
  if (now.state === "uploading") {
    for (let no = 0; no < now.parts; no++) {
      if (now.received.includes(no)) continue;
      const position = no * now.part_bytes;
      const body = await files.read(photo.file, position, Math.min(now.part_bytes, photo.size - position)).catch(() => {
        throw new Refused(gone);
      });
      await client.call("put_upload_part", { path: { id: now.id, no }, body }, { timeout: partTime });
    }
    await client.call("complete_upload", { path: { id: now.id } }, { tries: 3, timeout: partTime });
  }
  return now.id;
}

const gone = { code: "failed_precondition", reason: "photo.gone", message: texts.problem.photoGone, title: "", status: 0, request_id: "" } as const;
