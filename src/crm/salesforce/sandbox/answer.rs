//! What goes out: data, nothing, or a refusal in one of Salesforce's shapes.

use axum::body::Body;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};

/// An answer of the API.
pub struct Answer {
    pub status: u16,
    pub body: Content,
    pub headers: Vec<(&'static str, String)>,
}

/// What an answer holds.
pub enum Content {
    Empty,
    Json(Vec<u8>),
    Other(&'static str, Vec<u8>),
}

/// A result of the API.
pub type Outcome = Result<Answer, Refusal>;

impl Answer {
    pub fn json(value: &Value) -> Self {
        Self::status(200, value)
    }

    pub fn status(status: u16, value: &Value) -> Self {
        Self::bytes(status, value.to_string().into_bytes())
    }

    pub fn bytes(status: u16, body: Vec<u8>) -> Self {
        Self {
            status,
            body: Content::Json(body),
            headers: Vec::new(),
        }
    }

    pub fn empty(status: u16) -> Self {
        Self {
            status,
            body: Content::Empty,
            headers: Vec::new(),
        }
    }

    /// The body as data, for answers inside answers.
    pub fn value(&self) -> Value {
        match &self.body {
            Content::Json(bytes) => serde_json::from_slice(bytes).unwrap_or_default(),
            _ => Value::Null,
        }
    }
}

impl IntoResponse for Answer {
    fn into_response(self) -> Response {
        let (media_type, bytes) = match self.body {
            Content::Empty => (None, Vec::new()),
            Content::Json(bytes) => (Some("application/json;charset=UTF-8"), bytes),
            Content::Other(media_type, bytes) => (Some(media_type), bytes),
        };
        let mut response = Response::new(Body::from(bytes));
        *response.status_mut() =
            StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let headers = response.headers_mut();
        if let Some(media_type) = media_type {
            headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(media_type));
        }
        for (name, value) in self.headers {
            if let Ok(value) = HeaderValue::from_str(&value) {
                headers.insert(name, value);
            }
        }
        response
    }
}

/// A refused call, or a refused record of a call.
#[derive(Clone, Debug, PartialEq)]
pub struct Refusal {
    pub status: u16,
    pub code: &'static str,
    pub message: String,
    pub fields: Vec<String>,
}

impl Refusal {
    pub fn new(status: u16, code: &'static str, message: impl Into<String>) -> Self {
        Self {
            status,
            code,
            message: message.into(),
            fields: Vec::new(),
        }
    }

    pub fn of_field(mut self, field: &str) -> Self {
        self.fields.push(field.to_owned());
        self
    }

    pub fn not_found() -> Self {
        Self::new(404, "NOT_FOUND", "The requested resource does not exist")
    }

    pub fn malformed_query(message: impl Into<String>) -> Self {
        Self::new(400, "MALFORMED_QUERY", message)
    }

    pub fn unreadable(message: impl Into<String>) -> Self {
        Self::new(400, "JSON_PARSER_ERROR", message)
    }

    /// As the body of a whole call.
    pub fn body(&self) -> Value {
        let mut entry = json!({"message": self.message, "errorCode": self.code});
        if !self.fields.is_empty() {
            entry["fields"] = json!(self.fields);
        }
        json!([entry])
    }

    /// As one record's place in the answer to a Collections call.
    pub fn record(&self) -> Value {
        json!({
            "success": false,
            "errors": [{
                "statusCode": self.code,
                "message": self.message,
                "fields": self.fields,
            }],
        })
    }

    pub fn answer(&self) -> Answer {
        Answer::status(self.status, &self.body())
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        self.answer().into_response()
    }
}

/// A page where data should be.
pub fn page(status: u16, title: &str) -> Answer {
    let html = format!("<html><head><title>{title}</title></head><body>{title}</body></html>");
    Answer {
        status,
        body: Content::Other("text/html; charset=UTF-8", html.into_bytes()),
        headers: Vec::new(),
    }
}
