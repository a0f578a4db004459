import { type Static, Type } from 'typebox';
import { RunPolicySchema, WorkflowKindSchema } from './run-events.ts';
import { ScheduleTriggerSchema, TriggerSchema } from './triggers.ts';

/** Where in a source file something is wrong. Lines and columns count from 1. */
export const DeployProblemSchema = Type.Object({
  /** Path of the file as it was deployed, relative to the workflows folder. */
  file: Type.String(),
  line: Type.Optional(Type.Integer({ minimum: 1 })),
  column: Type.Optional(Type.Integer({ minimum: 1 })),
  reason: Type.String(),
  at: Type.String({ format: 'date-time' }),
});
export type DeployProblem = Static<typeof DeployProblemSchema>;

/** Rules of a version as the workflow states them; what it leaves open is the server's default at the time of a request. */
export const WorkflowPolicySchema = Type.Object({
  ...RunPolicySchema.properties,
  onLimit: Type.Optional(RunPolicySchema.properties.onLimit),
});
export type WorkflowPolicy = Static<typeof WorkflowPolicySchema>;

/** What a version says about the place of its runs in the queue. Evaluated with each request: what comes of it is in the request. */
export const AdmissionRulesSchema = Type.Object({
  /** Expression over `input`: runs of the same value count against `keyConcurrency`, and start in the order of their requests. */
  concurrencyKey: Type.Optional(Type.String()),
  /** The same for `debounce`; absent: the concurrency key, or one key for all. */
  debounceKey: Type.Optional(Type.String()),
  /** Absent: 0. */
  priority: Type.Optional(Type.Integer()),
});
export type AdmissionRules = Static<typeof AdmissionRulesSchema>;

/** One immutable version of a workflow, named by its content hash. */
export const WorkflowVersionSchema = Type.Object({
  /** SHA-256 of bundle and metadata, 64 hex digits; also the name of the bundle in the object store. */
  version: Type.String(),
  kind: WorkflowKindSchema,
  /** Name of the file that the bundle becomes on an executor, such as `db-full.sh`. */
  file: Type.String(),
  description: Type.String(),
  /** JSON Schema of the input, when the workflow declares one. */
  inputSchema: Type.Optional(Type.Unknown()),
  /** Environment names that a caller may set; absent: any safe name. */
  env: Type.Optional(Type.Array(Type.String())),
  /** Names of the secrets that its runs get; absent: none. */
  secrets: Type.Optional(Type.Array(Type.String())),
  /** HTTP methods that start it; `POST` by default. */
  methods: Type.Array(Type.String()),
  /** Further ways to start it, besides those that every workflow has. */
  triggers: Type.Optional(Type.Array(TriggerSchema)),
  /** When it starts by itself. */
  schedules: Type.Optional(Type.Array(ScheduleTriggerSchema)),
  policy: WorkflowPolicySchema,
  /** Its `main` has a `preprocessor` before it: see {@link PREPROCESS}. Absent: none. */
  preprocessor: Type.Optional(Type.Literal(true)),
  /** Absent: no keys, priority 0. */
  admission: Type.Optional(AdmissionRulesSchema),
  deployedAt: Type.String({ format: 'date-time' }),
  /** The file that was deployed, below the workflows folder: `backup/db-full.sh`. */
  deployedFrom: Type.String(),
});
export type WorkflowVersion = Static<typeof WorkflowVersionSchema>;

/**
 * Member of an input: where it is `true`, the member `event` goes to the function `preprocessor` of the workflow, and `main` gets what
 * that returns. The dialect of Windmill writes it. In the input and not in the trigger, because a rerun has the input only.
 */
export const PREPROCESS = '$preprocess';

/** Whether an input is an event for the preprocessor of this version, and not the arguments of its `main`. */
export const isForPreprocessor = (version: Pick<WorkflowVersion, 'preprocessor'>, input: unknown): boolean =>
  version.preprocessor === true &&
  typeof input === 'object' &&
  input !== null &&
  (input as Readonly<Record<string, unknown>>)[PREPROCESS] === true;

/** What the catalog holds under `<workspace>/<path>`. */
export const CatalogEntrySchema = Type.Object({
  workspace: Type.String(),
  path: Type.String(),
  /** Who put it there; a deployer removes only what is its own. Absent: the server's own folder. */
  source: Type.Optional(Type.String()),
  /** What is in service; absent while no deploy has succeeded. */
  current: Type.Optional(WorkflowVersionSchema),
  /** Why the last deploy was refused; absent after one that succeeded. */
  problem: Type.Optional(DeployProblemSchema),
});
export type CatalogEntry = Static<typeof CatalogEntrySchema>;

/** A version that was once in service, and under which path. */
export const KeptVersionSchema = Type.Object({
  workspace: Type.String(),
  workflow: Type.String(),
  version: WorkflowVersionSchema,
});
export type KeptVersion = Static<typeof KeptVersionSchema>;

/** `<folder>/<name>`: letters, digits, `_` and `-`; folders may nest; 200 characters at most. */
export const WORKFLOW_PATH_PATTERN = '^(?=.{3,200}$)[A-Za-z0-9_-]+(/[A-Za-z0-9_-]+)+$';
