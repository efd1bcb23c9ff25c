// How an environment is laid over a launch configuration: pure functions.

/** A launch configuration as far as it matters here. */
export interface LaunchConfiguration {
  type: string;
  request: string;
  [member: string]: unknown;
}

/** Which one wins where both set a variable. */
export type Precedence = 'user' | 'cluster';

/** Debuggers of what runs in a browser or in the editor itself: no process of the service. */
const strangers = new Set(['chrome', 'pwa-chrome', 'msedge', 'pwa-msedge', 'editor-browser', 'extensionHost', 'pwa-extensionHost', 'node-terminal-attach']);

/**
 * takesEnvironment says whether a configuration starts a process that can be
 * given an environment. Attaching starts none, and what a debugger starts for
 * its own children (js-debug's __pendingTargetId) has it from its parent.
 */
export function takesEnvironment(c: LaunchConfiguration): boolean {
  return c.request === 'launch' && !strangers.has(c.type) && !('__pendingTargetId' in c);
}

/** Debuggers whose configurations list name and value, instead of a map. */
const listed = new Set(['cppdbg', 'cppvsdbg']);

/**
 * withEnvironment returns the configuration with the environment added; the
 * given one is left as it is. fileNames are the names that the configuration's
 * own envFile sets: with precedence "user" they win, too, though debuggers put
 * env above envFile. Names differ by case alone on Windows.
 */
export function withEnvironment<C extends LaunchConfiguration>(
  c: C, env: ReadonlyMap<string, string>, precedence: Precedence, fileNames: readonly string[] = [], windows = process.platform === 'win32',
): C {
  const norm = (name: string): string => windows ? name.toUpperCase() : name;
  const own = listed.has(c.type) ? fromList(c['environment']) : fromMap(c['env']);
  const ownNames = new Set([...own.keys()].map(norm));
  const kept = new Set(fileNames.map(norm));
  const result = new Map<string, unknown>();
  const clusterNames = new Set([...env.keys()].map(norm));
  for (const [name, value] of own) if (precedence === 'user' || !clusterNames.has(norm(name))) result.set(name, value);
  for (const [name, value] of env) {
    if (precedence === 'user' && (ownNames.has(norm(name)) || kept.has(norm(name)))) continue;
    result.set(name, value);
  }
  return listed.has(c.type)
    ? { ...c, environment: [...result].map(([name, value]) => ({ name, value })) }
    : { ...c, env: Object.fromEntries(result) };
}

function fromMap(env: unknown): Map<string, unknown> {
  return new Map(env && typeof env === 'object' && !Array.isArray(env) ? Object.entries(env) : []);
}

function fromList(environment: unknown): Map<string, unknown> {
  const entries = Array.isArray(environment) ? environment as { name?: unknown; value?: unknown }[] : [];
  return new Map(entries.filter(e => typeof e?.name === 'string').map(e => [String(e.name), e.value]));
}

/** The files that a configuration's envFile names. */
export function envFilesOf(c: LaunchConfiguration): string[] {
  const files = c['envFile'];
  return (Array.isArray(files) ? files : [files]).filter((f): f is string => typeof f === 'string' && f !== '');
}

/**
 * namesIn lists the names that an env file may set, whichever of the dotenv
 * readers reads it: each line that looks like an assignment counts, also one
 * within a quoted value. Taking one name too many leaves it to the file.
 */
export function namesIn(file: string): string[] {
  return [...file.matchAll(/^[ \t]*(?:export[ \t]+)?([\w.-]+)[ \t]*[=:]/gm)].map(m => m[1] ?? '');
}
