// Photos taken or chosen for a form. They are kept in the program's own folder at once: WeChat empties the one they come in.

import { newId } from "./id";
import type { Photo } from "./queue";

const id = () => newId(new Date(), Math.random);

/** take asks for up to count photos; none when the person gives up. */
export async function take(count: number): Promise<Photo[]> {
  const chosen = await wx.chooseMedia({ count, mediaType: ["image"], sizeType: ["compressed"], sourceType: ["camera", "album"] }).then((r) => r.tempFiles, () => []);
  return Promise.all(chosen.map(keep));
}

async function keep(file: { tempFilePath: string; size: number }): Promise<Photo> {
  const saved = await new Promise<string>((done, failed) => wx.getFileSystemManager().saveFile({ tempFilePath: file.tempFilePath, success: (r) => done(r.savedFilePath), fail: failed }));
  return { file: saved, size: file.size, key: id() };
}

/** forget takes a photo away that was not sent. */
export const forget = (photo: Photo): void => wx.getFileSystemManager().unlink({ filePath: photo.file, fail: () => undefined });
