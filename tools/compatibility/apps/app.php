<?php
// PHP's built-in server, with its own sessions. The token of forms is the app's own.
session_start();
$_SESSION["token"] ??= bin2hex(random_bytes(16));

function seen(): array {
  $headers = array_change_key_case(getallheaders());
  $names = preg_grep("/^(x-forwarded|forwarded|x-real-ip)/", array_keys($headers));
  return [
    "host" => $headers["host"] ?? null,
    "origin" => $headers["origin"] ?? null,
    "referer" => $headers["referer"] ?? null,
    "length" => $headers["content-length"] ?? null,
    "chunked" => isset($headers["transfer-encoding"]),
    "forwarded" => array_values($names),
  ];
}

function answer_json(array $values): void {
  header("Content-Type: application/json");
  echo json_encode([...$values, "seen" => seen()]);
}

function got(array $values): void {
  $text = htmlspecialchars(json_encode([...$values, "seen" => seen()]));
  echo "<!DOCTYPE html><title>App</title><pre id=\"got\">$text</pre>";
}

function form(string $fields, string $kind = ""): void {
  $token = "<input type=\"hidden\" name=\"token\" value=\"$_SESSION[token]\">";
  echo "<!DOCTYPE html><title>App</title><form method=\"post\" $kind>$token$fields<button>Send</button></form>";
}

$method = $_SERVER["REQUEST_METHOD"];
$path = parse_url($_SERVER["REQUEST_URI"], PHP_URL_PATH);
if ($method === "POST" && !in_array($path, ["/json", "/bytes"]) && !hash_equals($_SESSION["token"], $_POST["token"] ?? "")) {
  http_response_code(403);
  exit("The token is wrong");
}

switch ("$method $path") {
  case "GET /hello":
    answer_json(["name" => $_GET["name"]]);
    break;
  case "POST /json":
    answer_json(["text" => json_decode(file_get_contents("php://input"))->text]);
    break;
  case "POST /bytes":
    $data = file_get_contents("php://input");
    answer_json(["size" => strlen($data), "sha256" => hash("sha256", $data)]);
    break;
  case "GET /form":
    form('<input name="text">');
    break;
  case "POST /form":
    got(["text" => $_POST["text"]]);
    break;
  case "GET /upload":
    form('<input name="file" type="file">', 'enctype="multipart/form-data"');
    break;
  case "POST /upload":
    ["tmp_name" => $file, "size" => $size] = $_FILES["file"];
    got(["size" => $size, "sha256" => hash_file("sha256", $file)]);
    break;
  case "GET /login":
    form('<input name="user">');
    break;
  case "POST /login":
    session_regenerate_id();
    $_SESSION["user"] = $_POST["user"];
    header("Location: home", true, 303);
    break;
  case "GET /home":
    if (isset($_SESSION["user"])) got(["user" => $_SESSION["user"]]);
    else http_response_code(401);
    break;
  case "GET /moved":
    header("Location: http://$_SERVER[HTTP_HOST]/landed?from=moved");
    break;
  case "GET /landed":
    got(["landed" => $_GET["from"]]);
    break;
  case "GET /events":
    session_write_close();
    header("Content-Type: text/event-stream");
    echo "retry: 100\n\n";
    $first = 1 + (int) ($_SERVER["HTTP_LAST_EVENT_ID"] ?? 0);
    for ($number = $first; $number < $first + 3; $number++) {
      echo "id: $number\ndata: $number\n\n";
      flush();
      usleep(100_000);
    }
    break;
  default:
    http_response_code(404);
}
