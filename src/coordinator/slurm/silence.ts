// Whether Slurm answers: the user hears once that it does not, and once that it does again. The log has each time.

type Tell = (level: 'info' | 'warn', text: string) => void;

export class Silence {
  readonly #log: Tell;
  readonly #notice: Tell;
  #isSilent = false;

  constructor(log: Tell, notice: Tell) {
    this.#log = log;
    this.#notice = notice;
  }

  /** `then`: what is done about it. */
  begin(message: string, then: string): void {
    const text = `Slurm does not answer (${message}); ${then}`;
    (this.#isSilent ? this.#log : this.#notice)('warn', text);
    this.#isSilent = true;
  }

  end(): void {
    if (this.#isSilent) this.#notice('info', 'Slurm answers again');
    this.#isSilent = false;
  }
}
