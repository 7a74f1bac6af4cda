#!/usr/bin/env bash
# Fetch the jars of Neo4j Community once, into $FORESTAY_NEO4J_HOME (by default .neo4j/ in the checkout). Needs mvn and Java 17.
set -euo pipefail
here="$(cd "$(dirname "$0")" && pwd)"
home="${FORESTAY_NEO4J_HOME:-$here/../../.neo4j}"
mkdir -p "$home"
home="$(cd "$home" && pwd)"
if [ -f "$home/lib/.complete" ]; then exit 0; fi
rm -rf "$home/lib"
mvn --batch-mode --quiet -f "$here/pom.xml" dependency:copy-dependencies -DoutputDirectory="$home/lib" -DincludeScope=runtime
touch "$home/lib/.complete"
