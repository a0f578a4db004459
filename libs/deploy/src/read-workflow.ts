import { readFile, stat } from 'node:fs/promises';
import { basename, dirname, extname, join } from 'node:path';
import { bundleModule } from './bundle-module.ts';
import { metadataComplaints } from './check-metadata.ts';
import { checkScript } from './check-script.ts';
import { type Fault, isFaulty } from './fault.ts';
import { hasPythonPreprocessor, withPythonMain } from './main-function.ts';
import { makeVersion, type VersionDraft } from './make-version.ts';
import { DefinitionSchema, type Metadata } from './metadata.ts';
import { readDefinition } from './read-definition.ts';
import { readMetadata } from './read-metadata.ts';
import { type WorkflowSource } from './scan-folder.ts';

export type WorkflowReading =
  | {
      readonly outcome: 'ready';
      readonly draft: VersionDraft;
      readonly bytes: Uint8Array;
      readonly dependencies: readonly string[];
    }
  | {
      readonly outcome: 'refused';
      readonly faults: readonly [Fault, ...Fault[]];
      readonly dependencies: readonly string[];
    };

/** The code of a workflow and what the code itself says about it. */
type CodeReading =
  | {
      readonly outcome: 'ready';
      readonly kind: 'script' | 'workflow';
      readonly file: string;
      readonly bytes: Uint8Array;
      readonly metadata: Metadata;
      readonly preprocessor?: true;
      readonly dependencies: readonly string[];
    }
  | { readonly outcome: 'refused'; readonly faults: readonly Fault[]; readonly dependencies: readonly string[] };

const BUNDLE_BYTES_MAX = 32 * 1024 * 1024;

/** The bytes themselves, whatever they are, where there is nothing to add. */
const asPython = (written: Buffer): Buffer => {
  const text = written.toString('utf8');
  const called = withPythonMain(text);
  return called === text ? written : Buffer.from(called);
};

const readScript = async (source: WorkflowSource): Promise<CodeReading> => {
  const written = await readFile(source.absolute);
  const faults = await checkScript(source, written.toString('utf8'));
  if (isFaulty(faults)) return { outcome: 'refused', faults, dependencies: [] };
  const code = {
    outcome: 'ready',
    kind: 'script',
    file: basename(source.file),
    metadata: {},
    dependencies: [],
  } as const;
  if (source.language !== 'python') return { ...code, bytes: written };
  const preprocesses = hasPythonPreprocessor(written.toString('utf8'));
  return { ...code, bytes: asPython(written), ...(preprocesses && { preprocessor: true }) };
};

/** The line of a key of the definition in the source: the first like it after `defineWorkflow`. */
const placeInSource = (text: string, keys: readonly string[]): Pick<Fault, 'line'> => {
  const lines = text.split('\n');
  const start = Math.max(
    0,
    lines.findIndex((line) => line.includes('defineWorkflow(') || line.includes('defineWorkflow<')),
  );
  const key = keys.findLast((name) => /^[A-Za-z_]+$/.test(name));
  const found =
    key === undefined
      ? -1
      : lines.findIndex((line, index) => index >= start && new RegExp(`\\b${key}\\b['"]?\\s*:`).test(line));
  return { line: (found < 0 ? start : found) + 1 };
};

const readModule = async (source: WorkflowSource): Promise<CodeReading> => {
  const bundle = await bundleModule(source);
  if (bundle.outcome === 'refused') return bundle;
  const { bytes, dependencies } = bundle;
  const reading = bundle.mayBeWorkflow ? await readDefinition(bytes, source) : { outcome: 'script' as const };
  if (reading.outcome === 'refused') return { ...reading, dependencies };
  const file = `${basename(source.file, extname(source.file))}.mjs`;
  if (reading.outcome === 'script')
    return { outcome: 'ready', kind: 'script', file, bytes, metadata: {}, dependencies };
  const complaints = metadataComplaints(DefinitionSchema, reading.definition, source.path);
  if (complaints.length > 0) {
    const text = await readFile(source.absolute, 'utf8');
    const faults = complaints.map(({ keys, reason }) => ({ file: source.file, ...placeInSource(text, keys), reason }));
    return { outcome: 'refused', faults, dependencies };
  }
  const metadata = reading.definition;
  const preprocessor = bundle.preprocesses && ({ preprocessor: true } as const);
  return { outcome: 'ready', kind: 'workflow', file, bytes, metadata, ...preprocessor, dependencies };
};

const tooLarge = (source: WorkflowSource, bytes: number, dependencies: readonly string[]): CodeReading => {
  const reason = `too large: ${bytes} bytes, ${BUNDLE_BYTES_MAX} are allowed`;
  return { outcome: 'refused', faults: [{ file: source.file, reason }], dependencies };
};

const readCode = async (source: WorkflowSource): Promise<CodeReading> => {
  const { size } = await stat(source.absolute);
  if (size > BUNDLE_BYTES_MAX) return tooLarge(source, size, []);
  const code = await (source.language === 'module' ? readModule(source) : readScript(source));
  if (code.outcome === 'refused' || code.bytes.byteLength <= BUNDLE_BYTES_MAX) return code;
  return tooLarge(source, code.bytes.byteLength, code.dependencies);
};

/** Absolute path of another file of the same workflows folder. */
const besides = ({ absolute }: WorkflowSource, file: string): string => join(dirname(absolute), basename(file));

const compile = async (source: WorkflowSource): Promise<WorkflowReading> => {
  const { metadataFile } = source;
  const metadataPath = metadataFile === undefined ? undefined : besides(source, metadataFile);
  const sidecar =
    metadataFile === undefined || metadataPath === undefined
      ? { outcome: 'ready' as const, metadata: {} }
      : readMetadata(await readFile(metadataPath, 'utf8'), metadataFile, source.path);
  const code = await readCode(source);
  const dependencies = [source.absolute, ...(metadataPath === undefined ? [] : [metadataPath]), ...code.dependencies];
  const faults = [code, sidecar].flatMap((part) => (part.outcome === 'refused' ? part.faults : []));
  if (isFaulty(faults)) return { outcome: 'refused', faults, dependencies };
  if (code.outcome === 'refused' || sidecar.outcome === 'refused') throw new Error('a refusal has no faults');
  const { kind, file, bytes, preprocessor } = code;
  const metadata = { ...code.metadata, ...sidecar.metadata };
  const draft = makeVersion({
    kind,
    file,
    bytes,
    metadata,
    workflow: source.path,
    ...(preprocessor && { preprocessor }),
  });
  return { outcome: 'ready', draft, bytes, dependencies };
};

/** Whether the system refused to read a file, or found none. */
const isFileError = (error: unknown): error is NodeJS.ErrnoException => error instanceof Error && 'syscall' in error;

/**
 * Compiles one source to a version: checks syntax and metadata, bundles modules, evaluates nothing but workflow modules, and
 * those in a process of their own. What a `.yaml` says wins over what `defineWorkflow` says.
 */
export const readWorkflow = async (source: WorkflowSource): Promise<WorkflowReading> => {
  try {
    return await compile(source);
  } catch (error) {
    if (!isFileError(error)) throw error;
    const faults = [{ file: source.file, reason: `cannot be read: ${error.message}` }] as const;
    return { outcome: 'refused', faults, dependencies: [source.absolute] };
  }
};
