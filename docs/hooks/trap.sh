#!/bin/sh
# However this script ends, its outcome is recorded. Put your own commands where `deploy` stands.
# script
set -eu
recorded() {
  status=$?
  if [ "$status" -eq 0 ]; then outcome=succeeded; else outcome=failed; fi
  ledger record deployment.finished --deployment "$DEPLOYMENT" --service "$SERVICE" \
    --environment "$ENVIRONMENT" --outcome "$outcome" --actor "$ACTOR" || echo "not recorded: $?" >&2
  exit "$status"
}
trap recorded EXIT
deploy
# end
