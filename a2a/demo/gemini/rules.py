"""What the Gemini API refuses around the conversation: tools and their choice, generation settings, the system text.

All raise `GoogleRefusal` with Google's own body. Sources: specs/gemini-cli.md 6, specs/conversion.md 6, 7, 8.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from msgspec import Struct

from a2a.demo.gemini import contents, schema
from a2a.demo.gemini.errors import GoogleRefusal, bad
from a2a.demo.gemini.messages import READER
from a2a.demo.gemini.models import GEMINI, GeminiModel

_RANGES: dict[str, tuple[float, float]] = {
    "temperature": (0, 2),
    "topP": (0, 1),
    "topK": (1, 1_000),
    "candidateCount": (1, 8),
    "presencePenalty": (-2, 2),
    "frequencyPenalty": (-2, 2),
    "logprobs": (0, 20),
    "seed": (-(2**31), 2**31 - 1),
}
_MOST_STOPS = 5
_MIME_TYPES = (None, "text/plain", "application/json", "text/x.enum")


class Surface(Struct, frozen=True, kw_only=True):
    """Where the rules apply. `root`: what stands before a path in error texts. `models`: name -> facts.

    `colons`: tool names may hold them. `ids`: function calls are given an id.
    """

    root: str = ""
    models: Mapping[str, GeminiModel]
    colons: bool = True
    ids: bool = True

    @property
    def name(self) -> re.Pattern[str]:
        return re.compile(r"[A-Za-z_][A-Za-z0-9_.:-]{0,63}" if self.colons else r"[A-Za-z_][A-Za-z0-9_.-]{0,63}")

    def path(self, rest: str) -> str:
        """The path of a member in error texts."""
        return f"{self.root}.{rest}" if self.root else rest


API = Surface(models=GEMINI)


def read(body: Any, kind: str, surface: Surface) -> dict[str, Any]:
    """The body by its table, names in camel case. Raises GoogleRefusal."""
    made = READER.read(body, kind, surface.root)
    assert isinstance(made, dict)
    return made


def model_of(name: str, surface: Surface, *, method: str, version: str = "v1beta") -> GeminiModel:
    """The model asked for, or 404."""
    model = surface.models.get(name)
    if model is None or model.embeds != ("embed" in method.lower()):
        message = (
            f"models/{name} is not found for API version {version}, or is not supported for {method}. Call ListModels "
            "to see the list of available models and their supported methods."
        )
        raise GoogleRefusal(404, message)
    return model


def check(request: dict[str, Any], model: GeminiModel, surface: Surface) -> None:
    """Every rule on a read request to generate."""
    contents.check(request.get("contents") or [], model)
    _check_system(request.get("systemInstruction"))
    names = _check_tools(request.get("tools") or [], surface)
    _check_choice(request.get("toolConfig") or {}, names)
    config = request.get("generationConfig") or {}
    _check_numbers(config, model)
    _check_thinking(config.get("thinkingConfig") or {}, model)
    _check_output(config, surface)
    if request.get("cachedContent"):
        raise GoogleRefusal(403, "CachedContent not found (or permission denied)")


def _check_system(system: dict[str, Any] | None) -> None:
    for number, part in enumerate((system or {}).get("parts") or ()):
        if set(part) != {"text"}:
            raise bad("System instruction only supports text parts.", f"system_instruction.parts[{number}]")


def _check_tools(tools: list[dict[str, Any]], surface: Surface) -> set[str]:
    """The names of the declared functions."""
    names: set[str] = set()
    for number, tool in enumerate(tools):
        at = f"tools[{number}]"
        if not tool:
            at = f"{at}.tool_type"
            raise bad(f"* GenerateContentRequest.{at}: required one_of 'tool_type' must have one initialized field\n")
        for position, function in enumerate(tool.get("functionDeclarations") or ()):
            where = f"{at}.function_declarations[{position}]"
            name = function.get("name", "")
            if surface.name.fullmatch(name) is None:
                raise bad(
                    f"* GenerateContentRequest.{where}.name: Invalid function name. Must start with a letter or an "
                    "underscore. Must be alphanumeric (a-z, A-Z, 0-9), underscores (_), dots (.), colons (:), or "
                    "dashes (-), with a maximum length of 64.\n"
                )
            if name in names:
                raise bad(f"Duplicate function declaration found: {name}")
            names.add(name)
            _check_parameters(function, where, surface)
    return names


def _check_parameters(function: dict[str, Any], at: str, surface: Surface) -> None:
    if "parameters" in function and "parametersJsonSchema" in function:
        raise bad(f"* GenerateContentRequest.{at}: parameters and parameters_json_schema must not both be set.\n")
    if "parameters" in function:
        schema.check_own(function["parameters"], f"{at}.parameters")
        if function["parameters"].get("type") != "OBJECT":
            raise bad(f"* GenerateContentRequest.{at}.parameters.type: parameters should be of type OBJECT\n")
    if "parametersJsonSchema" in function:
        path = surface.path(f"{at}.parameters_json_schema")
        schema.check_json(function["parametersJsonSchema"], path)
        if function["parametersJsonSchema"].get("type") != "object":
            raise bad(f"* GenerateContentRequest.{at}.parameters_json_schema: schema must be of type object\n")


def _check_choice(config: dict[str, Any], names: set[str]) -> None:
    calling = config.get("functionCallingConfig") or {}
    mode, allowed = calling.get("mode", "AUTO"), calling.get("allowedFunctionNames")
    if mode in ("ANY", "VALIDATED") and not names:
        raise bad("Function calling config is set without function_declarations.")
    if allowed and mode not in ("ANY", "VALIDATED"):
        raise bad("Allowed function names should only be set when the function calling mode is ANY or VALIDATED.")
    for name in allowed or ():
        if name not in names:
            raise bad(f"Allowed function name '{name}' is not among the function_declarations.")


def _check_numbers(config: dict[str, Any], model: GeminiModel) -> None:
    for name, (low, high) in _RANGES.items():
        value = config.get(name)
        if value is not None and not low <= value <= high:
            raise bad(
                f"* GenerateContentRequest.generation_config.{name}: {name} must be in the range [{low}, {high}].\n"
            )
    limit = config.get("maxOutputTokens")
    if limit is not None and not 1 <= limit <= model.max_output:
        raise bad(
            f"Unable to submit request because it has a maxOutputTokens value of {limit} but the supported range is "
            f"from 1 (inclusive) to {model.max_output + 1} (exclusive). Update the value and try again."
        )
    if len(config.get("stopSequences") or ()) > _MOST_STOPS:
        raise bad(f"The number of stop sequences must not exceed {_MOST_STOPS}.")
    if config.get("logprobs") is not None and not config.get("responseLogprobs"):
        raise bad("Logprobs may only be set when response_logprobs is true.")


def _check_thinking(config: dict[str, Any], model: GeminiModel) -> None:
    budget, level = config.get("thinkingBudget"), config.get("thinkingLevel")
    if budget is not None and level is not None:
        raise bad("You can only set only one of thinking budget and thinking level.")
    if config and model.budget is None:
        raise bad("Thinking is not supported for this model.")
    if level is not None and not model.levels:
        raise bad("Thinking level is not supported for this model.")
    if level is not None and level not in model.levels:
        raise bad(f"Thinking level {level} is not supported for this model. Please retry with other thinking level.")
    if budget is None or budget == -1 or model.budget is None:
        return
    least, most = model.budget
    if budget == 0 and not (model.can_be_off or least == 0):
        raise bad("Budget 0 is invalid. This model only works in thinking mode.")
    if budget != 0 and not least <= budget <= most:
        raise bad(f"The thinking budget {budget} is invalid. Please choose a value between {least} and {most}.")


def _check_output(config: dict[str, Any], surface: Surface) -> None:
    kind = config.get("responseMimeType")
    if kind not in _MIME_TYPES:
        raise bad(f"Unsupported response_mime_type: {kind}. Allowed are text/plain, application/json and text/x.enum.")
    own, plain = config.get("responseSchema"), config.get("responseJsonSchema")
    if own is not None and plain is not None:
        raise bad("Only one of response_schema and response_json_schema can be set.")
    if (own is not None or plain is not None) and kind in (None, "text/plain"):
        raise bad(
            "Function: response_schema is only supported with response_mime_type application/json or text/x.enum."
        )
    if own is not None:
        schema.check_own(own, "generation_config.response_schema")
    if plain is not None:
        schema.check_json(plain, surface.path("generation_config.response_json_schema"))
