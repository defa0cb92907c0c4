"""The main job, shown: a V2G world grown, both houses up, contracts authorized over HTTP."""
