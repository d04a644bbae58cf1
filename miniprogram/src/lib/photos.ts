// Photos taken or chosen for a form. They are kept in the program's own folder at once: WeChat empties the one they come in.

import { newId } from "./id";
import type { Photo } from "./queue";

const id = () => newId(new Date(), Math.random);

/** take asks for up to count photos; none when the person gives up. here: taken now, not chosen from what the phone has. */
export async function take(count: number, here = false): Promise<Photo[]> {
  const chosen = await wx.chooseMedia({ count, mediaType: ["image"], sizeType: ["compressed"], sourceType: here ? ["camera"] : ["camera", "album"] }).then((r) => r.tempFiles, () => []);
  return Promise.all(chosen.map(keep));
}

async function keep(file: { tempFilePath: string; size: number }): Promise<Photo> {
  const saved = await new Promise<string>((done, failed) => wx.getFileSystemManager().saveFile({ tempFilePath: file.tempFilePath, success: (r) => done(r.savedFilePath), fail: failed }));
  return { file: saved, size: file.size, key: id() };
}

/** A page with photos; keep writes down what is on it. */
interface Page {
  data: { photos: Photo[] };
  setData(data: { photos: Photo[] }): void;
  keep(): void;
}

const mostPhotos = 9;

/** addTo asks for more photos for a page. */
export async function addTo(page: Page, here = false): Promise<void> {
  const more = await take(mostPhotos - page.data.photos.length, here);
  page.setData({ photos: page.data.photos.concat(more) });
  page.keep();
}

/** dropFrom takes one of a page's photos away. */
export function dropFrom(page: Page, at: number): void {
  const photos = page.data.photos.slice();
  forget(photos.splice(at, 1)[0]);
  page.setData({ photos });
  page.keep();
}

/** forget takes a photo away that was not sent. */
export const forget = (photo: Photo): void => wx.getFileSystemManager().unlink({ filePath: photo.file, fail: () => undefined });
