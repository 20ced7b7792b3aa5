// What the user is told while the run goes on; each text once.
import { emit, type State } from './state.ts';

export function say(state: State, level: 'info' | 'warn' | 'error', text: string): void {
  if (state.said.has(text)) return;
  state.said.add(text);
  emit(state, { kind: 'notice', level, text });
}
