"""The message tables of Code Assist (specs/gemini-cli.md 5, 6): an envelope around the request of the Gemini API.

The tables take both spellings of a name; the official client writes `user_prompt_id` and `session_id` in snake case.
"""

from __future__ import annotations

from a2a.demo.catalog import words
from a2a.demo.gemini.messages import ENUMS, MESSAGES
from a2a.demo.gemini.proto import Reader, table

_NOT_HERE = {
    "Inner": {"model", "store", "serviceTier"},
    "GenerationConfig": {"imageConfig", "enableEnhancedCivicAnswers"},
}

_OWN = {
    "Envelope": table("model=string project=string userPromptId=string request=Inner enabledCreditTypes=[string]"),
    "Inner": {name: kind for name, kind in MESSAGES["Request"].items() if name not in _NOT_HERE["Inner"]}
    | table("sessionId=string"),
    "GenerationConfig": {
        name: kind for name, kind in MESSAGES["GenerationConfig"].items() if name not in _NOT_HERE["GenerationConfig"]
    },
    "CountEnvelope": table("request=CountInner"),
    "CountInner": table("model=string contents=[Content]"),
    "Load": table("cloudaicompanionProject=string metadata=Metadata mode=LoadMode"),
    "Onboard": table("tierId=string cloudaicompanionProject=string metadata=Metadata"),
    "Metadata": table(
        "ideType=IdeType ideVersion=string ideName=string pluginVersion=string updateChannel=string "
        "duetProject=string platform=Platform pluginType=PluginType"
    ),
    "Quota": table("project=string userAgent=string"),
}

_ENUMS = {
    "LoadMode": words("MODE_UNSPECIFIED FULL_ELIGIBILITY_CHECK HEALTH_CHECK"),
    "IdeType": words(
        "IDE_UNSPECIFIED VSCODE INTELLIJ VSCODE_CLOUD_WORKSTATION INTELLIJ_CLOUD_WORKSTATION CLOUD_SHELL GEMINI_CLI"
    ),
    "Platform": words("PLATFORM_UNSPECIFIED DARWIN_AMD64 DARWIN_ARM64 LINUX_AMD64 LINUX_ARM64 WINDOWS_AMD64"),
    "PluginType": words("PLUGIN_UNSPECIFIED CLOUD_CODE GEMINI AIPLUGIN_INTELLIJ AIPLUGIN_STUDIO"),
}

READER = Reader(MESSAGES | _OWN, ENUMS | _ENUMS)
