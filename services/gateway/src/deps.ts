import { type Ring } from '@millrace/contracts';
import { type Clock } from '@millrace/kernel';
import {
  type Catalog,
  type EventWriter,
  type LogConnection,
  type SecretStore,
  type TokenStore,
  type TriggerStates,
  type Versions,
} from '@millrace/eventlog';
import { type ReadModel } from '@millrace/read-model';
import { type Ids, type Logger, type Metrics, type Telemetry } from '@millrace/runtime';
import { type KeyRing, type SecretValues } from '@millrace/secrets';
import { type GatewaySettings } from './config.ts';

/** Everything that the gateway needs of the world. */
export interface GatewayDeps {
  readonly settings: GatewaySettings;
  readonly ring: Ring;
  /** Unique among gateways; part of reply subjects: one subject token. */
  readonly gatewayId: string;
  readonly log: Logger;
  readonly clock: Clock;
  readonly ids: Ids;
  readonly telemetry: Telemetry;
  readonly metrics: Metrics;
  readonly connection: LogConnection;
  readonly readModel: ReadModel;
  readonly catalog: Catalog;
  readonly tokens: TokenStore;
  readonly versions: Versions;
  readonly secrets: SecretStore;
  /** In the clear, for signatures and keys of triggers. */
  readonly secretValues: SecretValues;
  readonly keyRing: KeyRing;
  readonly triggerStates: TriggerStates;
  readonly writer: EventWriter;
}
