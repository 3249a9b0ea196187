//! PowerPoint files (ECMA-376, PresentationML): a title slide and slides with
//! a heading and a list.

use super::package::{Package, Properties, escape};

const MAIN: &str = "http://schemas.openxmlformats.org/presentationml/2006/main";
const DRAWING: &str = "http://schemas.openxmlformats.org/drawingml/2006/main";
const OFFICE: &str = "http://schemas.openxmlformats.org/officeDocument/2006/relationships";
const TYPE: &str = "application/vnd.openxmlformats-officedocument.presentationml";
/// 16:9, in English metric units (914,400 to the inch).
const WIDTH: u32 = 12_192_000;
const HEIGHT: u32 = 6_858_000;
const INK: &str = "1F3A4D";

/// One slide.
pub(super) struct Slide {
    /// Its heading.
    pub(super) heading: String,
    /// Its points; on the first slide the lines under the title.
    pub(super) points: Vec<String>,
}

/// A PowerPoint file; the first slide is the title.
pub(super) fn slides(slides: &[Slide], properties: Properties<'_>) -> Vec<u8> {
    let mut package = Package::new("ppt/presentation.xml", properties);
    let mut listed = String::new();
    let mut relations = vec![("slideMaster", "slideMasters/slideMaster1.xml".to_owned())];
    for (index, slide) in slides.iter().enumerate() {
        let number = index + 1;
        let path = format!("ppt/slides/slide{number}.xml");
        listed.push_str(&format!(
            "<p:sldId id=\"{}\" r:id=\"rId{}\"/>",
            255 + number,
            number + 1
        ));
        relations.push(("slide", format!("slides/slide{number}.xml")));
        package.part(&path, &format!("{TYPE}.slide+xml"), &drawn(slide, number));
        package.relations(
            &path,
            &[("slideLayout", "../slideLayouts/slideLayout1.xml".to_owned())],
        );
    }
    package.part(
        "ppt/presentation.xml",
        &format!("{TYPE}.presentation.main+xml"),
        &format!(
            "<p:presentation {}><p:sldMasterIdLst><p:sldMasterId id=\"2147483648\" r:id=\"rId1\"/></p:sldMasterIdLst>\
             <p:sldIdLst>{listed}</p:sldIdLst><p:sldSz cx=\"{WIDTH}\" cy=\"{HEIGHT}\"/>\
             <p:notesSz cx=\"6858000\" cy=\"9144000\"/></p:presentation>",
            names()
        ),
    );
    package.relations("ppt/presentation.xml", &relations);
    let empty = format!(
        "<p:cSld><p:bg><p:bgPr>{}<a:effectLst/></p:bgPr></p:bg><p:spTree>{GROUP}</p:spTree></p:cSld>",
        fill("FFFFFF")
    );
    package.part(
        "ppt/slideMasters/slideMaster1.xml",
        &format!("{TYPE}.slideMaster+xml"),
        &format!(
            "<p:sldMaster {}>{empty}<p:clrMap bg1=\"lt1\" tx1=\"dk1\" bg2=\"lt2\" tx2=\"dk2\" accent1=\"accent1\" \
             accent2=\"accent2\" accent3=\"accent3\" accent4=\"accent4\" accent5=\"accent5\" accent6=\"accent6\" \
             hlink=\"hlink\" folHlink=\"folHlink\"/><p:sldLayoutIdLst><p:sldLayoutId id=\"2147483649\" r:id=\"rId1\"/>\
             </p:sldLayoutIdLst></p:sldMaster>",
            names()
        ),
    );
    package.relations(
        "ppt/slideMasters/slideMaster1.xml",
        &[
            ("slideLayout", "../slideLayouts/slideLayout1.xml".to_owned()),
            ("theme", "../theme/theme1.xml".to_owned()),
        ],
    );
    package.part(
        "ppt/slideLayouts/slideLayout1.xml",
        &format!("{TYPE}.slideLayout+xml"),
        &format!(
            "<p:sldLayout {} type=\"blank\"><p:cSld name=\"Plain\"><p:spTree>{GROUP}</p:spTree></p:cSld>\
             <p:clrMapOvr><a:masterClrMapping/></p:clrMapOvr></p:sldLayout>",
            names()
        ),
    );
    package.relations(
        "ppt/slideLayouts/slideLayout1.xml",
        &[("slideMaster", "../slideMasters/slideMaster1.xml".to_owned())],
    );
    package.part(
        "ppt/theme/theme1.xml",
        "application/vnd.openxmlformats-officedocument.theme+xml",
        &theme(),
    );
    package.finish()
}

fn names() -> String {
    format!("xmlns:p=\"{MAIN}\" xmlns:a=\"{DRAWING}\" xmlns:r=\"{OFFICE}\"")
}

/// What every tree of shapes begins with.
const GROUP: &str =
    "<p:nvGrpSpPr><p:cNvPr id=\"1\" name=\"\"/><p:cNvGrpSpPr/><p:nvPr/></p:nvGrpSpPr><p:grpSpPr/>";

fn fill(colour: &str) -> String {
    format!("<a:solidFill><a:srgbClr val=\"{colour}\"/></a:solidFill>")
}

/// A frame with text.
struct Frame<'a> {
    id: u32,
    name: &'static str,
    /// Left, top, width and height.
    place: [u32; 4],
    /// Hundredths of a point.
    size: u32,
    colour: &'static str,
    look: Look,
    lines: &'a [String],
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Look {
    Title,
    Bullets,
    Plain,
}

fn drawn(slide: &Slide, number: usize) -> String {
    let first = number == 1;
    let title = Frame {
        id: 3,
        name: "Title",
        place: if first {
            [760_000, 1_300_000, 10_600_000, 2_300_000]
        } else {
            [760_000, 420_000, 10_600_000, 1_000_000]
        },
        size: if first { 4_000 } else { 3_000 },
        colour: if first { "FFFFFF" } else { INK },
        look: Look::Title,
        lines: std::slice::from_ref(&slide.heading),
    };
    let content = Frame {
        id: 4,
        name: "Content",
        place: if first {
            [760_000, 4_200_000, 10_600_000, 1_800_000]
        } else {
            [760_000, 1_600_000, 10_600_000, 4_500_000]
        },
        size: 2_000,
        colour: if first { "5A6B78" } else { "2B2B2B" },
        look: if first { Look::Plain } else { Look::Bullets },
        lines: &slide.points,
    };
    let foot = Frame {
        id: 5,
        name: "Number",
        place: [10_400_000, 6_250_000, 1_000_000, 400_000],
        size: 1_000,
        colour: "5A6B78",
        look: Look::Plain,
        lines: &[number.to_string()],
    };
    let band = if first {
        bar([0, 0, WIDTH, 3_900_000])
    } else {
        bar([0, 0, 220_000, HEIGHT])
    };
    let number = if first { String::new() } else { foot.xml() };
    format!(
        "<p:sld {}><p:cSld><p:spTree>{GROUP}{band}{}{}{number}</p:spTree></p:cSld>\
         <p:clrMapOvr><a:masterClrMapping/></p:clrMapOvr></p:sld>",
        names(),
        title.xml(),
        content.xml(),
    )
}

fn bar(place: [u32; 4]) -> String {
    format!(
        "<p:sp><p:nvSpPr><p:cNvPr id=\"2\" name=\"Band\"/><p:cNvSpPr/><p:nvPr/></p:nvSpPr>\
         <p:spPr>{}{}<a:ln><a:noFill/></a:ln></p:spPr></p:sp>",
        shape(place),
        fill(INK)
    )
}

fn shape([left, top, width, height]: [u32; 4]) -> String {
    format!(
        "<a:xfrm><a:off x=\"{left}\" y=\"{top}\"/><a:ext cx=\"{width}\" cy=\"{height}\"/></a:xfrm>\
         <a:prstGeom prst=\"rect\"><a:avLst/></a:prstGeom>"
    )
}

impl Frame<'_> {
    fn xml(&self) -> String {
        let (kind, bold) = match self.look {
            Look::Title => ("<p:ph type=\"title\"/>", 1),
            Look::Bullets | Look::Plain => ("", 0),
        };
        let paragraph = match self.look {
            Look::Bullets => {
                "<a:pPr marL=\"342900\" indent=\"-342900\"><a:spcAft><a:spcPts val=\"900\"/></a:spcAft>\
                 <a:buFont typeface=\"Arial\"/><a:buChar char=\"•\"/></a:pPr>"
            }
            Look::Title | Look::Plain => "<a:pPr algn=\"l\"><a:buNone/></a:pPr>",
        };
        let anchor = if self.size == 4_000 { "b" } else { "t" };
        let mut text = String::new();
        for line in self.lines {
            text.push_str(&format!(
                "<a:p>{paragraph}<a:r><a:rPr lang=\"en-GB\" sz=\"{}\" b=\"{bold}\">{}<a:latin typeface=\"Arial\"/>\
                 <a:cs typeface=\"Arial\"/></a:rPr><a:t>{}</a:t></a:r></a:p>",
                self.size,
                fill(self.colour),
                escape(line)
            ));
        }
        format!(
            "<p:sp><p:nvSpPr><p:cNvPr id=\"{}\" name=\"{}\"/><p:cNvSpPr/><p:nvPr>{kind}</p:nvPr></p:nvSpPr>\
             <p:spPr>{}<a:noFill/></p:spPr><p:txBody><a:bodyPr wrap=\"square\" anchor=\"{anchor}\"><a:normAutofit/></a:bodyPr>\
             <a:lstStyle/>{text}</p:txBody></p:sp>",
            self.id,
            self.name,
            shape(self.place),
        )
    }
}

/// The theme: colours, fonts and the three of every kind of fill, line and
/// effect that readers insist on.
fn theme() -> String {
    let colour =
        |name: &str, value: &str| format!("<a:{name}><a:srgbClr val=\"{value}\"/></a:{name}>");
    let colours: String = [
        ("dk1", "1B1B1B"),
        ("lt1", "FFFFFF"),
        ("dk2", INK),
        ("lt2", "E8EDF2"),
        ("accent1", "2F6F8F"),
        ("accent2", "B5651D"),
        ("accent3", "5B7F4B"),
        ("accent4", "7A5C99"),
        ("accent5", "A33B3B"),
        ("accent6", "5A6B78"),
        ("hlink", "2F6F8F"),
        ("folHlink", "7A5C99"),
    ]
    .iter()
    .map(|(name, value)| colour(name, value))
    .collect();
    let font = "<a:latin typeface=\"Arial\"/><a:ea typeface=\"\"/><a:cs typeface=\"Arial\"/>";
    let paint = "<a:solidFill><a:schemeClr val=\"phClr\"/></a:solidFill>";
    let line = format!("<a:ln w=\"9525\">{paint}</a:ln>");
    let effect = "<a:effectStyle><a:effectLst/></a:effectStyle>";
    format!(
        "<a:theme xmlns:a=\"{DRAWING}\" name=\"Plain\"><a:themeElements>\
         <a:clrScheme name=\"Plain\">{colours}</a:clrScheme>\
         <a:fontScheme name=\"Plain\"><a:majorFont>{font}</a:majorFont><a:minorFont>{font}</a:minorFont></a:fontScheme>\
         <a:fmtScheme name=\"Plain\"><a:fillStyleLst>{paint}{paint}{paint}</a:fillStyleLst>\
         <a:lnStyleLst>{line}{line}{line}</a:lnStyleLst>\
         <a:effectStyleLst>{effect}{effect}{effect}</a:effectStyleLst>\
         <a:bgFillStyleLst>{paint}{paint}{paint}</a:bgFillStyleLst></a:fmtScheme></a:themeElements></a:theme>"
    )
}
