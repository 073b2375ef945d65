/** Why a door cannot listen, in words. `isWrongUse`: it never will under this address. */
export class DoorError extends Error {
  override readonly name = 'DoorError';
  readonly isWrongUse: boolean;

  constructor(message: string, isWrongUse: boolean, options?: ErrorOptions) {
    super(message, options);
    this.isWrongUse = isWrongUse;
  }
}
