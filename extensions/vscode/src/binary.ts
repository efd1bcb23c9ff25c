// Where the tandem program is.
import * as fs from 'node:fs/promises';
import * as os from 'node:os';
import * as path from 'node:path';

/** The program's file name on this system. */
export const programName = process.platform === 'win32' ? 'tandem.exe' : 'tandem';

export interface Search {
  /** The setting tandem.path; '' where it is not set. */
  setting: string;
  /** The folder of the extension, which may hold bin/tandem. */
  extension: string;
  /** PATH of the extension host. */
  path: string;
}

/** NotFound tells where the program was looked for. */
export class NotFound extends Error {}

/**
 * findProgram returns the program's path: what the setting names, else the one
 * that came with the extension, else the one on PATH. A setting that leads
 * nowhere is an error: falling back would run another program than the one that
 * was asked for.
 */
export async function findProgram(s: Search): Promise<string> {
  if (s.setting) {
    const file = s.setting.replace(/^~(?=$|[/\\])/, os.homedir());
    if (path.isAbsolute(file) ? await executable(file) : false) return file;
    const onPath = path.basename(file) === file ? await search(file, s.path) : undefined;
    if (onPath) return onPath;
    throw new NotFound(`the setting tandem.path names ${s.setting}, which is not a program`);
  }
  const bundled = path.join(s.extension, 'bin', programName);
  if (await executable(bundled)) return bundled;
  const onPath = await search(programName, s.path);
  if (onPath) return onPath;
  throw new NotFound('the tandem program did not come with this extension and is not on PATH');
}

async function search(name: string, list: string): Promise<string | undefined> {
  for (const folder of list.split(path.delimiter).filter(f => path.isAbsolute(f))) {
    const file = path.join(folder, name);
    if (await executable(file)) return file;
  }
  return undefined;
}

async function executable(file: string): Promise<boolean> {
  try {
    await fs.access(file, fs.constants.X_OK);
    return (await fs.stat(file)).isFile();
  } catch {
    return false;
  }
}
