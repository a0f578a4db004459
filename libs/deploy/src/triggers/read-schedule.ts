/** Declared schedules: triggers that no request calls, checked as far as they can be before they are due. */
import { EndStateSchema, SCHEDULE_DIALECT, type ScheduleTrigger, TriggerSchema } from '@millrace/contracts';
import { isTimeZone, nextInstant, parseCron } from '@millrace/domain';
import { messageOf } from '@millrace/kernel';
import { type Static, Type } from 'typebox';
import { type Complaint, schemaComplaints } from '../schema-complaints.ts';

const INPUT_BYTES_MAX = 65_536;

const ScheduleDefinitionSchema = Type.Object(
  {
    dialect: Type.Optional(Type.Literal(SCHEDULE_DIALECT)),
    id: Type.Optional(TriggerSchema.properties.id),
    cron: Type.String(),
    timezone: Type.Optional(Type.String()),
    input: Type.Optional(Type.Unknown()),
    catch_up: Type.Optional(Type.Enum(['latest', 'none'])),
    stop_after: Type.Optional(Type.Array(EndStateSchema, { minItems: 1 })),
    enabled: Type.Optional(Type.Boolean()),
  },
  { additionalProperties: false },
);
type ScheduleDefinition = Static<typeof ScheduleDefinitionSchema>;

export type ScheduleReading = { readonly schedule: ScheduleTrigger } | { readonly complaints: readonly Complaint[] };

const DEFAULT_ZONE = 'UTC';

/** Whether a declaration is one of a schedule. */
export const isSchedule = (value: Readonly<Record<string, unknown>>): boolean =>
  value['dialect'] === SCHEDULE_DIALECT || (value['dialect'] === undefined && value['cron'] !== undefined);

const zoneComplaints = ({ timezone = DEFAULT_ZONE }: ScheduleDefinition): readonly Complaint[] =>
  isTimeZone(timezone)
    ? []
    : [
        {
          keys: ['timezone'],
          reason: `timezone: there is no time zone "${timezone}"; write one such as Europe/Berlin`,
        },
      ];

const cronComplaints = ({ cron: text }: ScheduleDefinition): readonly Complaint[] => {
  const keys = ['cron'];
  try {
    const cron = parseCron(text);
    const isEverDue = nextInstant({ cron, timezone: DEFAULT_ZONE }, 0) !== undefined;
    return isEverDue ? [] : [{ keys, reason: `cron: "${text}" is never due` }];
  } catch (error) {
    return [{ keys, reason: `cron: ${messageOf(error)}` }];
  }
};

const sizeComplaints = ({ input }: ScheduleDefinition): readonly Complaint[] =>
  Buffer.byteLength(JSON.stringify(input ?? null)) <= INPUT_BYTES_MAX
    ? []
    : [{ keys: ['input'], reason: `input: a schedule has one of at most ${INPUT_BYTES_MAX} bytes` }];

/** Only what was said: a version is named by what is in it. */
const scheduleOf = (written: ScheduleDefinition, id: string): ScheduleTrigger => ({
  id: written.id ?? id,
  cron: written.cron,
  timezone: written.timezone ?? DEFAULT_ZONE,
  ...(written.input !== undefined && { input: written.input }),
  catchUp: written.catch_up ?? 'latest',
  ...(written.stop_after !== undefined && { stopAfter: written.stop_after }),
  enabled: written.enabled ?? true,
});

/** @param id what it is called unless it has a name of its own */
export const readSchedule = (value: Readonly<Record<string, unknown>>, id: string): ScheduleReading => {
  const byShape = schemaComplaints(ScheduleDefinitionSchema, value, 'the schedule');
  if (byShape.length > 0) return { complaints: byShape };
  const written = value as ScheduleDefinition;
  const complaints = [...cronComplaints(written), ...zoneComplaints(written), ...sizeComplaints(written)];
  return complaints.length > 0 ? { complaints } : { schedule: scheduleOf(written, id) };
};
