import { type ErrorCode, fillTemplate, type SottoError } from "../../core/errors.js";
import type { FieldEntry } from "../fields.js";

/** The error table in Spanish. A place that only English can fill is left out. */
export const SPANISH: Readonly<Record<ErrorCode, string>> = {
  missing_file: "Se esperaba un archivo de audio o vídeo en el campo 'file', pero no llegó ninguno.",
  empty_file: "Se esperaba audio en el campo 'file', pero el archivo está vacío (0 bytes). Envíe la grabación.",
  invalid_value: "Se esperaba {expected} para '{name}', pero se recibió {received}.",
  undecodable_audio: "El archivo no se pudo descodificar como audio o vídeo. Envíe un archivo que ffmpeg pueda leer.",
  audio_too_short: "Se esperaban al menos {minimumSec} s de audio, pero el archivo contiene {actualSec} s.",
  audio_too_long: "Se esperaban como máximo {maximumSec} s de audio, pero el archivo contiene más. Divídalo.",
  no_audio_stream: "Se esperaba un archivo con una pista de audio, pero este no tiene ninguna (¿vídeo sin sonido?).",
  url_not_allowed: "Se esperaba un archivo en 'file', pero llegó una URL. Envíe el archivo mismo.",
  url_fetch_failed: "No se pudo descargar la URL. Envíe el archivo mismo.",
  invalid_api_key: "La clave de API falta, no se conoce o fue revocada.",
  forbidden: "La clave de API no tiene permiso para esta operación.",
  model_not_found: "El modelo '{model}' no está instalado. Instalados: {installed}.",
  unknown_route: "No existe la ruta {method} {path}. POST /api/v2/Audio/transcribe transcribe.",
  method_not_allowed: "La ruta {path} admite {allowed}, pero llegó {method}.",
  deadline_exceeded: "{what} en {limitMs} ms.",
  file_too_large:
    "El archivo puede tener como máximo {limitBytes} bytes, pero tiene {actual} bytes. Envíe un archivo más pequeño.",
  unsupported_content_type: "Se esperaba Content-Type multipart/form-data, pero se recibió {received}.",
  queue_full: "La cola está llena (máximo: {limit}). Envíe la solicitud de nuevo en {retryAfterSec} s.",
  rate_limited: "Se alcanzó el límite por minuto ({limit}). Envíe la solicitud de nuevo en {retryAfterSec} s.",
  internal_error: "El servidor falló con esta solicitud; su registro dice por qué bajo este identificador.",
  engine_crashed: "El motor terminó dos veces en la misma parte de este audio, y se abandonó la solicitud.",
  client_closed: "El cliente cerró la conexión antes de que la respuesta estuviera lista.",
  provider_failed: "Ningún proveedor remoto pudo atender la solicitud. Envíela de nuevo.",
  decoder_missing: "No se encontró ffmpeg, así que el audio no se puede descodificar.",
  model_loading: "El modelo se está cargando. Las solicitudes se aceptan y esperan.",
  shutting_down: "El servidor se está cerrando y no acepta nuevas solicitudes.",
  auth_unavailable: "No se pueden leer las claves del proveedor de identidad. Envíe la solicitud de nuevo más tarde.",
  engine_unavailable: "El motor no está en marcha. Envíe la solicitud de nuevo más tarde.",
  storage_full: "El disco para audio temporal está lleno. Envíe la solicitud de nuevo más tarde.",
};

/**
 * The message of an error in Spanish.
 * @param entry the field at fault, which says in Spanish what it takes
 */
export function inSpanish(error: SottoError, entry: FieldEntry | undefined): string {
  const { expected = "", received = "", what = "" } = error.details;
  return fillTemplate(SPANISH[error.code], {
    ...error.details,
    what: phraseInSpanish(what),
    expected: expectationInSpanish(entry) ?? phraseInSpanish(expected),
    received: phraseInSpanish(received),
  });
}

/** What a request as a whole may get wrong (`http/read-form.ts`, `http/upload-pace.ts`, `media/decode-failure.ts`). */
const PHRASES: Readonly<Record<string, string>> = {
  "another format": "otro formato",
  none: "ninguno",
  more: "más",
  "a longer one": "uno más largo",
  "a complete multipart/form-data body": "un cuerpo multipart/form-data completo",
  "one that breaks off or has no boundary": "uno que se interrumpe o no tiene boundary",
  "The request did not finish": "La solicitud no terminó",
  "The upload did not come to its end": "El archivo no llegó entero",
  "The head of the request did not come": "La cabecera de la solicitud no llegó",
};

function phraseInSpanish(phrase: string | number): string {
  const text = String(phrase);
  const [, limit, unit] = /^at most (\d+) (fields|bytes in text fields)$/.exec(text) ?? [];
  if (limit) return `como máximo ${limit} ${unit === "fields" ? "campos" : "bytes en campos de texto"}`;
  const [, minimum] = /^Fewer than (\d+) bytes of the upload came$/.exec(text) ?? [];
  if (minimum) return `Llegaron menos de ${minimum} bytes del archivo`;
  return PHRASES[text] ?? text;
}

/** Of the kinds of field that this dialect has. */
function expectationInSpanish(entry: FieldEntry | undefined): string | undefined {
  if (entry?.kind === "string" && entry.maxLength !== undefined) return `como máximo ${entry.maxLength} caracteres`;
  if (entry?.kind === "file") return "una grabación en mp3, mp4, mpeg, mpga, m4a, wav o webm";
  return undefined;
}
