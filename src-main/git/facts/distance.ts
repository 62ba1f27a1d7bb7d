/** How many commits a commit has that another one has not, and the other way round. */
export interface Distance {
  readonly ahead: number;
  readonly behind: number;
}
