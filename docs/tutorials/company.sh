# A small company for the tutorials: one system, four persons, one change that may go to production.
# It writes into the working folder: `company.jsonl` (events for `ledger append`), `gates.json` (the policy of
# gates, which a person signs), `list.csv`, `map.json` and `reviewers.txt` (who may do what, for a review).
# Times lie around now, as gates and reviews ask for fresh facts. It needs `ledger` and GNU `date`.
set -eu

ago() { date -u -d "$1 minutes ago" +%FT%T.000000Z; }
in_minutes() { date -u -d "$1 minutes" +%FT%T.000000Z; }
digest() { printf "sha256:%064d" "$1"; }
who() { printf '{"issuer":"hr","id":"%s"}' "$1"; }

# event TYPE MINUTES SUBJECT DATA
event() {
  printf '{"type":"%s","occurred_at":"%s","subject":%s,"data":%s,' "$1" "$(ago "$2")" "$3" "$4"
  printf '"actor":{"kind":"service","id":%s,"on_behalf_of":%s}}\n' "$(who runner)" "$(who eve)"
}

joined() {
  event person.changed 8000 "{\"person\":\"p-$1\"}" \
    "{\"event\":\"joined\",\"kind\":\"employee\",\"person\":$(who "$1"),\"effective_at\":\"$(ago 9000)\"$2}"
}

{
  event system.registered 9000 '{"system":"shop"}' "{\"state\":\"active\",\"tier\":\"2\",\"owner\":$(who olga),
    \"entitlement_owners\":[$(who olga)],\"environments\":[{\"name\":\"production\",\"class\":\"production\"}],
    \"regimes\":[\"sox\"],\"regions\":[\"eu\"],\"services\":[\"payments\"],
    \"duties\":[{\"entitlement\":\"release-manager\",\"duties\":[\"AP\"]},{\"entitlement\":\"deployer\",\"duties\":[\"DP\"]}]}"
  joined olga ''
  for person in ada ben eve; do joined $person ",\"manager\":$(who olga)"; done
  event access.changed 8000 '{"system":"shop"}' "{\"object\":\"entitlement\",\"action\":\"granted\",\"access\":\"acc-1\",
    \"account\":\"ben at shop\",\"principal\":$(who ben),\"executor\":$(who olga),\"effective_at\":\"$(ago 8000)\",
    \"entitlement\":{\"system\":\"shop\",\"role\":\"release-manager\",\"scope\":\"production\",\"privileged\":true}}"
  event change.recorded 590 '{"change":"PAY-1"}' "{\"state\":\"ready\",\"opened_at\":\"$(ago 700)\",
    \"requester\":$(who ada),\"description\":\"pay by invoice\",\"reason\":\"asked for\",\"systems\":[\"shop\"],
    \"risk\":\"medium\",\"security_impact\":\"none\",\"privacy_impact\":\"minor\",\"test_plan\":\"unit tests\",
    \"backout_plan\":\"put the last one back\",\"window\":{\"start\":\"$(ago 600)\",\"end\":\"$(in_minutes 600)\"},
    \"commits\":[{\"sha\":\"c1\",\"authors\":[$(who ada)],\"committer\":$(who ada),\"pushed_at\":\"$(ago 600)\"}]}"
  event change.classified 580 '{"change":"PAY-1"}' "{\"class\":\"normal\",\"method\":\"human\",\"by\":$(who ada)}"
  artifact="{\"artifact\":\"$(digest 7)\"}"
  event artifact.recorded 500 "$artifact" "{\"action\":\"built\",\"builder\":\"build-farm\",
    \"provenance\":\"$(digest 5)\",\"commits\":{\"to\":\"c1\",\"list\":[\"c1\"]}}"
  event artifact.recorded 490 "$artifact" '{"action":"verified","verification":{"result":"verified"}}'
  event source.reconciled 60 '{"source":"hr","system":"shop"}' "{\"population\":\"person.changed\",\"from\":\"$(ago 9500)\",
    \"to\":\"$(in_minutes 600)\",\"extracted_at\":\"$(ago 60)\",\"query\":\"console\",\"source_count\":4,\"matched\":4,\"missing\":0,
    \"extra\":0,\"different\":0,\"extractor\":$(who olga)}"
  event test.completed 480 "$artifact" '{"suite":"unit","level":"unit","outcome":"passed","run":"run-1","attempt":1,
    "counts":{"total":40,"passed":40,"failed":0,"errors":0,"skipped":0,"flaky":0}}'
} | sed -e ':join' -e '/}$/!{N;b join' -e '}' -e 's/\n *//g' > company.jsonl

printf '{"gate":"unit-tests"}\n' > gates.jsonl
list=$(ledger attach gates.jsonl --media-type application/jsonl)
named=$(printf '%s' "$list" | sed 's/.*"digest":"\([^"]*\)".*/\1/')
printf '{"type":"policy.changed","occurred_at":"%s","actor":{"kind":"human","id":%s},"subject":{"policy":"gates"},
  "data":{"kind":"gate","before":"%s","after":"%s","content":{"attachment":"%s","count":1},"effective_from":"%s"},
  "attachments":[%s]}\n' "$(ago 7000)" "$(who olga)" "$(digest 1)" "$(digest 2)" "$named" "$(ago 7000)" "$list" > gates.json

cat > company.toml <<'END'
id = "company"
title = "Company"
version = "1"
kind = "company"
valid_from = "2020-01-01"

[[set]]
parameter = "T04.trusted_builders"
value = ["build-farm"]
basis = "company-policy"
END

cat > list.csv <<END
Login,Role,Employee,Root,Type,Path,Given,Used
ada1,deployer,ada,yes,personal,direct,2026-01-05T00:00:00Z,$(ago 1440)
ben1,release-manager,ben,yes,personal,direct,2026-01-05T00:00:00Z,$(ago 1440)
eve1,deployer,eve,no,personal,direct,2026-01-05T00:00:00Z,2026-01-06T00:00:00Z
END
printf '{"account":"Login","entitlement":"Role","person":"Employee","privileged":"Root","account_type":"Type","source":"Path","granted_at":"Given","last_used":"Used"}\n' > map.json
printf 'hr:olga\n' > reviewers.txt
