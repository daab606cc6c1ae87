declare global {
  namespace App {
    /** What an error page knows of what went wrong. */
    interface Error {
      message: string;
      status?: number;
      code?: string;
      requestId?: string | undefined;
    }
  }
}

export {};
