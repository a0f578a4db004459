import { SECOND } from '@millrace/kernel';

/** Every bound of the notifier that cannot be configured, with its unit. */

/** Attempts at one endpoint that are under way at the same time. */
export const IN_FLIGHT_MAX = 4;
/** Messages of one endpoint that wait to be tried again; beyond it, changes wait where they happened. */
export const WAITING_MAX = 1_000;
/** A message that was taken waits this long for its turn, then goes back. */
export const TURN_MAX_MS = 5 * SECOND;
/** After that it comes again. */
export const PUT_BACK_MS = 5 * SECOND;
/** What is kept of an answer, for people. */
export const RESPONSE_CHARS_MAX = 1_024;
/** Attempts under way get this long when the notifier ends or an endpoint goes. */
export const DRAIN_MS = 5 * SECOND;
/** A timer never waits longer: the clock may have been set. */
export const TIMER_MAX_MS = 30 * SECOND;
