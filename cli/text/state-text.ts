// The colour of a state, the same everywhere.
import type { RunState, StepState, UnitState } from '../../src/model/states.ts';
import type { Paint } from './style.ts';

export function stateText(state: RunState | StepState | UnitState, paint: Paint): string {
  switch (state) {
    case 'succeeded':
      return paint('green', state);
    case 'failed':
      return paint('red', state);
    case 'cancelled':
    case 'cancelling':
    case 'aborted':
    case 'orphaned':
      return paint('yellow', state);
    case 'running':
    case 'expanding':
    case 'reducing':
      return paint('cyan', state);
    case 'accepted':
    case 'waiting':
    case 'skipped':
      return paint('dim', state);
  }
}
