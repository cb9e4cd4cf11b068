// Which deploy a version is, as markers say it and exchanges are labelled with it.

export interface VersionDeploy {
  readonly pool: string;
  readonly version: string;
  readonly deploy: string;
}
