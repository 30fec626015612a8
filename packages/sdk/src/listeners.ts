/** Tells a listener of the program. What it throws is its own affair: it must not stop what the session has to do. */
export function tell<T>(listener: ((told: T) => void) | undefined, told: T): void {
  try {
    listener?.(told);
  } catch {
    // There is nobody to tell: a listener for errors may be the one that threw.
  }
}
