"""The message tables of the Gemini API (specs/gemini-cli.md 6, specs/conversion.md 4 to 8)."""

from __future__ import annotations

from a2a.demo.catalog import words
from a2a.demo.gemini.proto import Reader, table

MESSAGES = {
    "Request": table(
        "model=string contents=[Content] systemInstruction=Content tools=[Tool] toolConfig=ToolConfig "
        "safetySettings=[SafetySetting] generationConfig=GenerationConfig cachedContent=string serviceTier=ServiceTier "
        "store=bool labels=struct"
    ),
    "CountRequest": table("contents=[Content] generateContentRequest=Request"),
    "EmbedRequest": table(
        "model=string content=Content taskType=string title=string outputDimensionality=int autoTruncate=bool"
    ),
    "BatchEmbedRequest": table("requests=[EmbedRequest]"),
    "Content": table("role=string parts=[Part]"),
    "Part": table(
        "text=string thought=bool thoughtSignature=bytes inlineData=Blob fileData=FileData functionCall=FunctionCall "
        "functionResponse=FunctionResponse executableCode=ExecutableCode codeExecutionResult=CodeResult "
        "videoMetadata=struct mediaResolution=struct partMetadata=struct toolCall=struct toolResponse=struct"
    ),
    "Blob": table("mimeType=string data=bytes displayName=string"),
    "FileData": table("mimeType=string fileUri=string displayName=string"),
    "FunctionCall": table("id=string name=string args=struct"),
    "FunctionResponse": table(
        "id=string name=string response=struct parts=[ResponsePart] willContinue=bool scheduling=Scheduling"
    ),
    "ResponsePart": table("inlineData=Blob fileData=FileData"),
    "ExecutableCode": table("id=string language=string code=string"),
    "CodeResult": table("id=string outcome=string output=string"),
    "Tool": table(
        "functionDeclarations=[FunctionDeclaration] googleSearch=struct googleSearchRetrieval=struct urlContext=struct "
        "codeExecution=struct computerUse=struct fileSearch=struct googleMaps=struct mcpServers=[struct]"
    ),
    "FunctionDeclaration": table(
        "name=string description=string parameters=Schema parametersJsonSchema=value response=Schema "
        "responseJsonSchema=value behavior=string"
    ),
    "Schema": table(
        "type=SchemaType format=string title=string description=string nullable=bool enum=[string] default=value "
        "example=value items=Schema minItems=int maxItems=int properties={Schema} required=[string] "
        "propertyOrdering=[string] minProperties=int maxProperties=int minimum=number maximum=number minLength=int "
        "maxLength=int pattern=string anyOf=[Schema]"
    ),
    "ToolConfig": table("functionCallingConfig=CallingConfig retrievalConfig=struct"),
    "CallingConfig": table("mode=Mode allowedFunctionNames=[string]"),
    "SafetySetting": table("category=HarmCategory threshold=Threshold method=string"),
    "GenerationConfig": table(
        "temperature=number topP=number topK=number candidateCount=int maxOutputTokens=int stopSequences=[string] "
        "responseLogprobs=bool logprobs=int presencePenalty=number frequencyPenalty=number seed=int "
        "responseMimeType=string responseSchema=Schema responseJsonSchema=value routingConfig=struct "
        "modelSelectionConfig=struct responseModalities=[string] mediaResolution=string speechConfig=struct "
        "audioTimestamp=bool thinkingConfig=ThinkingConfig imageConfig=struct enableEnhancedCivicAnswers=bool"
    ),
    "ThinkingConfig": table("includeThoughts=bool thinkingBudget=int thinkingLevel=ThinkingLevel"),
}

ENUMS = {
    "Mode": words("MODE_UNSPECIFIED AUTO ANY NONE VALIDATED"),
    "SchemaType": words("TYPE_UNSPECIFIED STRING NUMBER INTEGER BOOLEAN ARRAY OBJECT NULL"),
    "Scheduling": words("SCHEDULING_UNSPECIFIED SILENT WHEN_IDLE INTERRUPT"),
    "ServiceTier": words("UNSPECIFIED FLEX STANDARD PRIORITY"),
    "ThinkingLevel": words("THINKING_LEVEL_UNSPECIFIED MINIMAL LOW MEDIUM HIGH XHIGH"),
    "HarmCategory": words(
        "HARM_CATEGORY_HARASSMENT HARM_CATEGORY_HATE_SPEECH HARM_CATEGORY_SEXUALLY_EXPLICIT "
        "HARM_CATEGORY_DANGEROUS_CONTENT HARM_CATEGORY_CIVIC_INTEGRITY HARM_CATEGORY_JAILBREAK "
        "HARM_CATEGORY_IMAGE_HATE HARM_CATEGORY_IMAGE_DANGEROUS_CONTENT HARM_CATEGORY_IMAGE_HARASSMENT "
        "HARM_CATEGORY_IMAGE_SEXUALLY_EXPLICIT"
    ),
    "Threshold": words("BLOCK_LOW_AND_ABOVE BLOCK_MEDIUM_AND_ABOVE BLOCK_ONLY_HIGH BLOCK_NONE OFF"),
}

READER = Reader(MESSAGES, ENUMS)
