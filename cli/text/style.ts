// Colours, where they are wanted: never without a terminal, with NO_COLOR, or TERM=dumb.
import { styleText } from 'node:util';

type Style = 'bold' | 'cyan' | 'dim' | 'green' | 'magenta' | 'red' | 'yellow';

/** For stderr by default, where progress and errors go. */
export function style(name: Style, text: string, stream: NodeJS.WriteStream = process.stderr): string {
  return styleText(name, text, { stream });
}

/** A painter for pure renderers: they are told whether there are colours. */
export type Paint = (name: Style, text: string) => string;

export const plain: Paint = (_name, text) => text;
export const coloured: Paint = (name, text) => styleText(name, text, { validateStream: false });

/** The painter for a stream. */
export function paintFor(stream: NodeJS.WriteStream): Paint {
  return (name, text) => style(name, text, stream);
}
