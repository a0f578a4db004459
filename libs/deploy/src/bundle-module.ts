import { existsSync } from 'node:fs';
import { readFile, realpath } from 'node:fs/promises';
import { basename, dirname, extname, join, posix, relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import {
  build,
  type BuildFailure,
  type BuildOptions,
  type BuildResult,
  type Message,
  type Plugin,
  transform,
} from 'esbuild';
import { type Fault } from './fault.ts';
import { callOfMain, hasModuleMain, hasModulePreprocessor, parametersOfMain } from './main-function.ts';
import { type WorkflowSource } from './scan-folder.ts';

export interface ModuleBundle {
  readonly outcome: 'ready';
  /** One ECMAScript module without imports other than Node's own. */
  readonly bytes: Uint8Array;
  /** Whether its default export may be a workflow: it exports one and uses the SDK. Others are scripts and are not evaluated. */
  readonly mayBeWorkflow: boolean;
  /** Whether its default export, which was added, calls a `preprocessor` before `main`. */
  readonly preprocesses: boolean;
  /** Absolute paths of the author's files in it. */
  readonly dependencies: readonly string[];
}

export interface ModuleRefused {
  readonly outcome: 'refused';
  readonly faults: readonly Fault[];
  readonly dependencies: readonly string[];
}

const SDK = '@millrace/sdk';

/** The SDK that belongs to this Millrace, wherever the workflows folder is. */
const sdkEntry = (): string => {
  const entry = fileURLToPath(import.meta.resolve(SDK));
  return existsSync(entry) ? entry : fileURLToPath(new URL('../../sdk/src/index.ts', import.meta.url));
};

/** Packages of the CommonJS kind call `require` for Node's own modules. Global, so that no name of the author's is taken. */
const BANNER =
  "import { createRequire as $createRequire } from 'node:module'; globalThis.require ??= $createRequire(import.meta.url);";

/** `require.main === module` holds in the file that was started, as it did before bundling. */
const keepMain = (entry: string): Plugin => ({
  name: 'keep-main',
  setup: (build) => {
    build.onLoad({ filter: /\.[cm]?js$/ }, async ({ path }) => {
      if (path !== entry) return undefined;
      const text = await readFile(path, 'utf8');
      if (!text.includes('require.main')) return undefined;
      const { code } = await transform(text, {
        define: { 'require.main': 'module' },
        sourcefile: path,
        sourcemap: 'inline',
      });
      return { contents: code, loader: 'js' };
    });
  },
});

/** A module of Windmill has a `main` and no default export: it gets one. `onPreprocessor` is told when that calls a preprocessor. */
const callMain = (entry: string, onPreprocessor: () => void): Plugin => ({
  name: 'call-main',
  setup: (build) => {
    build.onLoad({ filter: /\.m?[jt]s$/ }, async ({ path }) => {
      if (path !== entry) return undefined;
      const text = await readFile(path, 'utf8');
      if (!hasModuleMain(text)) return undefined;
      const loader = path.endsWith('ts') ? 'ts' : 'js';
      const code = await transform(text, { loader }).catch(() => undefined); // the build says what is wrong with it
      const parameters = code && parametersOfMain(code.code);
      if (parameters === undefined) return undefined;
      const preprocesses = hasModulePreprocessor(text);
      if (preprocesses) onPreprocessor();
      return { contents: text + callOfMain(parameters, preprocesses), loader };
    });
  },
});

const optionsOf = (entry: string, sdk: string, onPreprocessor: () => void): BuildOptions => ({
  absWorkingDir: dirname(entry),
  entryPoints: [entry],
  outfile: join(dirname(entry), `${basename(entry, extname(entry))}.mjs`),
  write: false,
  bundle: true,
  metafile: true,
  platform: 'node',
  format: 'esm',
  target: 'node24',
  mainFields: ['module', 'main'],
  alias: { [SDK]: sdk },
  banner: { js: BANNER },
  define: { __dirname: 'import.meta.dirname', __filename: 'import.meta.filename' },
  sourcemap: 'inline',
  sourcesContent: false,
  legalComments: 'none',
  charset: 'utf8',
  logLevel: 'silent',
  plugins: [callMain(entry, onPreprocessor), keepMain(entry)],
});

const isBuildFailure = (error: unknown): error is BuildFailure =>
  error instanceof Error && 'errors' in error && 'warnings' in error;

/** esbuild names files relative to the entry's folder. */
const faultOf = ({ text, location }: Message, source: WorkflowSource): Fault => {
  if (location === null) return { file: source.file, reason: text };
  const file = posix.normalize(posix.join(posix.dirname(source.file), location.file.replaceAll('\\', '/')));
  return { file, line: Math.max(1, location.line), column: location.column + 1, reason: text };
};

const dependenciesOf = (inputs: readonly string[], folder: string): readonly string[] =>
  inputs.map((input) => resolve(folder, input)).filter((file) => !file.includes('/node_modules/'));

const readResult = (
  result: BuildResult<{ metafile: true; write: false }>,
  folder: string,
  sdk: string,
): Omit<ModuleBundle, 'preprocesses'> => {
  const [output] = Object.values(result.metafile.outputs);
  const entry = output?.entryPoint === undefined ? undefined : result.metafile.inputs[output.entryPoint];
  const dependencies = dependenciesOf(Object.keys(result.metafile.inputs), folder);
  const exportsDefault = entry?.format === 'esm' && (output?.exports.includes('default') ?? false);
  return {
    outcome: 'ready',
    bytes: result.outputFiles[0]?.contents ?? new Uint8Array(),
    mayBeWorkflow: exportsDefault && dependencies.includes(sdk),
    dependencies,
  };
};

/** Bundles a JavaScript or TypeScript source with all that it imports. Same sources, same bytes. */
export const bundleModule = async (source: WorkflowSource): Promise<ModuleBundle | ModuleRefused> => {
  const entry = await realpath(source.absolute);
  const folder = dirname(entry);
  const sdk = await realpath(sdkEntry());
  let preprocesses = false;
  const options = optionsOf(entry, sdk, () => (preprocesses = true));
  try {
    const result = await build(options as BuildOptions & { metafile: true; write: false });
    return { ...readResult(result, folder, sdk), preprocesses };
  } catch (error) {
    if (!isBuildFailure(error)) throw error;
    const places = error.errors.flatMap(({ location }) => (location === null ? [] : [location.file]));
    return {
      outcome: 'refused',
      faults: error.errors.map((message) => faultOf(message, source)),
      dependencies: dependenciesOf(places, folder),
    };
  }
};

/** `../lib/x.ts` as seen from a folder, with `/`. */
export const relativeTo = (folder: string, file: string): string => relative(folder, file).replaceAll('\\', '/');
