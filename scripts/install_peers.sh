#!/bin/sh
# Bring the Realtime servers of others that our client is tried against, outside the tree.
# aimock (npm) takes seconds; speech-to-speech's protocol layer (PyPI, 360 MB without models) comes with "all".
set -eu
cache="${XDG_CACHE_HOME:-$HOME/.cache}/opendeep-peers"
if [ ! -x "$cache/aimock/node_modules/.bin/llmock" ] && command -v npm >/dev/null 2>&1; then
  mkdir -p "$cache/aimock"
  npm install --silent --no-audit --no-fund --prefix "$cache/aimock" @copilotkit/aimock@1.43.0
fi
if [ "${1:-}" = all ] && [ ! -e "$cache/speech-to-speech/.installed" ]; then
  python="$cache/speech-to-speech/bin/python"
  "${PYTHON:-python3}" -m venv "$cache/speech-to-speech"
  "$python" -m pip install -q --no-deps speech-to-speech==1.1.0
  "$python" -m pip install -q fastapi uvicorn numpy scipy openai websockets httpx pydantic rich jsonschema nltk pillow
  touch "$cache/speech-to-speech/.installed"
fi
