import { type RunDispatched } from '@millrace/contracts';
import { type BundleCache } from '../bundles.ts';
import { type EnvironmentGrant, grantedEnvironment } from '../child-environment.ts';
import { type ScriptPool } from '../scripts/script-pool.ts';
import { type HostPool } from '../workflows/host-pool.ts';
import { type Execution, type ExecutionListener } from './execution.ts';
import { makeRedactingListener } from './redacting-listener.ts';
import { type RunSecrets, type SecretsOf } from './run-secrets.ts';

/**
 * Starts what a dispatch names. Resolves with nothing when the attempt is over before its bundle is there.
 *
 * @throws what fetching the bundle throws, and what {@link SecretsOf} throws; everything later goes to the listener.
 */
export type Launch = (
  dispatch: RunDispatched,
  traceparent: string,
  listener: ExecutionListener,
  isOver: () => boolean,
) => Promise<Execution | undefined>;

export interface LaunchDeps {
  readonly bundles: BundleCache;
  readonly scripts: Pick<ScriptPool, 'start'>;
  readonly workflows: HostPool;
  /** What every script gets besides its own. */
  readonly environment: Readonly<Record<string, string>>;
  readonly grants: readonly EnvironmentGrant[];
  readonly secretsOf: SecretsOf;
}

const newestOf = (secrets: RunSecrets | undefined): Readonly<Record<string, string>> =>
  Object.fromEntries(Object.entries(secrets?.values ?? {}).map(([name, [newest]]) => [name, newest]));

/** The environment of a script: later ones win, so that no caller can pretend to be another run. */
const scriptEnvironment = (
  { environment, grants }: LaunchDeps,
  dispatch: RunDispatched,
  traceparent: string,
  secrets: RunSecrets | undefined,
): Readonly<Record<string, string>> => ({
  ...environment,
  ...grantedEnvironment(grants, dispatch.workflow),
  ...dispatch.data.env,
  ...newestOf(secrets),
  MILLRACE_RUN_ID: dispatch.subject,
  MILLRACE_WORKFLOW: dispatch.workflow,
  MILLRACE_ATTEMPT: String(dispatch.attempt ?? 1),
  TRACEPARENT: traceparent,
});

type DispatchData = RunDispatched['data'];

/** How the run was asked for, as far as anything is known of it. */
const askedOf = ({ trigger, cloudEvent }: DispatchData): Pick<DispatchData, 'trigger' | 'cloudEvent'> => ({
  ...(trigger === undefined ? {} : { trigger }),
  ...(cloudEvent === undefined ? {} : { cloudEvent }),
});

/** What a script gets to read, as JSON text. */
const filesOf = ({ input, trigger, cloudEvent }: DispatchData) => ({
  input: JSON.stringify(input),
  ...(trigger === undefined ? {} : { trigger: JSON.stringify(trigger) }),
  ...(cloudEvent === undefined ? {} : { cloudEvent: JSON.stringify(cloudEvent) }),
});

export const makeLaunch =
  (deps: LaunchDeps): Launch =>
  async (dispatch, traceparent, plain, isOver) => {
    const { bundles, scripts, workflows } = deps;
    const { version, kind, input, env } = dispatch.data;
    const { path, argv, secrets: declared } = await bundles.load(version);
    if (isOver()) return undefined;
    const secrets = deps.secretsOf(dispatch.workflow, declared);
    const listener = secrets === undefined ? plain : makeRedactingListener(plain, secrets.redactor);
    const attempt = dispatch.attempt ?? 1;
    // A later attempt may be the one that took down the process it was in, or the victim of such a one: it gets a process of its own.
    const isLater = attempt > 1;
    if (kind === 'script') {
      const request = { argv, env: scriptEnvironment(deps, dispatch, traceparent, secrets), ...filesOf(dispatch.data) };
      return scripts.start(request, isLater, listener);
    }
    const run = { id: dispatch.subject, workflow: dispatch.workflow, version, attempt, traceparent };
    const request = { file: path, run, input, env, ...askedOf(dispatch.data), secrets: secrets?.values ?? {} };
    return workflows.start(request, isLater, listener);
  };
